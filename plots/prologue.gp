# From here on nothing depends on the run but the variables above.
if (!exists("terminal")) terminal = "png"
slash = strlen(ARG0)
while (slash > 0 && ARG0[slash:slash] ne "/") { slash = slash - 1 }
folder = slash > 0 ? ARG0[1:slash] : "./"
if (!exists("output")) output = folder . figure . "." . terminal
