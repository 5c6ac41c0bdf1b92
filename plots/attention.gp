set terminal pngcairo size 1200,900 noenhanced
set output output
plot folder."../flow/attention.tsv" using "t":"attention_1" with points
