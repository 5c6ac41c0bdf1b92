"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const SVG = "http://www.w3.org/2000/svg";
  const byId = (id) => document.getElementById(id);
  function number(x, digits) {
    if (typeof x !== "number") return x === null || x === undefined ? "\u2013" : x;
    const size = Math.abs(x), short = Number(x.toPrecision(digits || 5));
    return size !== 0 && (size < 1e-3 || size >= 1e7) ? short.toExponential() : String(short);
  }

  function make(name, attributes, parent, text) {
    const element = document.createElement(name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  }
  function draw(name, attributes, parent) {
    const element = document.createElementNS(SVG, name);
    for (const key in attributes) element.setAttribute(key, attributes[key]);
    parent.append(element);
    return element;
  }
  const fragment = () => new URLSearchParams(location.hash.slice(1));

  /* ---- attention over time ---- */

  /* Two letters a cell: sqrt of the number times 4094; 4095 is none. */
  const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const CODE = {};
  for (let i = 0; i < 64; i++) CODE[LETTERS[i]] = i;
  function root(run, cell) {
    const code = 64 * CODE[run.cells[2 * cell]] + CODE[run.cells[2 * cell + 1]];
    return code === 4095 ? NaN : code / 4094;
  }
  const colour = (head) => head % 6 + 1;

  function Movie(runs) {
    const controls = byId("controls");
    let run = null, view = null, at = 0, timer = 0;

    let choice = null;
    if (runs.length > 1) {
      const label = make("label", {}, controls, "Run ");
      choice = make("select", { id: "which" }, label);
      runs.forEach((r, i) => make("option", { value: i }, choice, r.name));
      choice.addEventListener("change", () => show(Number(choice.value)));
    }
    const play = make("button", { type: "button", id: "play" }, controls, "Play");
    const slider = make("input", { type: "range", id: "slider", min: 0, step: 1, value: 0, "aria-label": "time" }, controls);
    const says = make("output", { id: "now", "for": "slider" }, controls);

    function timeText(i) {
      const name = run.unit === "flow time" ? "t" : run.unit;
      return name + " = " + number(run.t[i]) + ", " + run.quantity + " " + number(run.loss[i]);
    }
    function labelOf(c) {
      if (!run.numbers) return String(c + 1);
      const from = run.numbers[2 * c], to = run.numbers[2 * c + 1];
      return from === to ? String(from) : from + "\u2013" + to + " (mean)";
    }

    /* The pictures of a run, made once: cells whose opacity changes, and bars of shares. */
    function build(index) {
      const article = byId("run-" + index);
      const box = make("div", { "class": "movie" });
      article.append(box);
      view = { cells: [], bars: [], cursor: article.querySelector(".cursor"), box: box, words: null };
      if (run.cells) buildPanels(box);
      if (run.share) buildShares(box);
      const plot = article.querySelector(".plot");
      plot.style.cursor = "pointer";
      plot.addEventListener("click", (event) => {
        const area = plot.getBoundingClientRect();
        const x = (event.clientX - area.left) / area.width;
        go(run.x.reduce((best, y, i) => Math.abs(y - x) < Math.abs(run.x[best] - x) ? i : best, 0));
      });
    }
    function buildPanels(box) {
      const isMap = run.kind === "maps";
      make("h4", {}, box, run.kind === "patterns" ? run.shareName : isMap ? "attention, queries downwards and keys to the right"
        : run.classes ? "attention of each head (rows) on each class of positions, all of it" : "attention of each head (rows) on each position");
      const place = run.kind === "patterns" ? "pattern " : run.classes ? "class " : "position ";
      const panels = make("div", { "class": "panels big" + (isMap ? " maps" : "") }, box);
      for (let p = 0; p < run.panels; p++) {
        const panel = make("div", { "class": "panel" }, panels);
        const head = isMap ? p % run.movieHeads : 0, block = isMap ? Math.floor(p / run.movieHeads) : 0;
        const title = isMap ? "head " + (head + 1) + (run.panels > run.movieHeads ? ", block " + (block + 1) : "") : "";
        if (isMap) make("div", { "class": "of" }, panel, title);
        const grid = make("div", { "class": isMap ? "map" : "heads" }, panel);
        if (run.targets) {
          make("span", { "class": "of", "aria-hidden": "true" }, grid, "pattern");
          const marks = make("div", { "class": "targets", "aria-hidden": "true" }, grid);
          let last = -1;
          run.targets.forEach((x, j) => {
            if (Math.abs(x - last) < 0.02) return;
            make("span", { style: "left:" + (100 * x).toFixed(2) + "%" }, marks, j + 1);
            last = x;
          });
        }
        if (!isMap) for (let r = 0; r < run.rows; r++) make("span", { "class": "rl" }, grid, "head " + (r + 1));
        const svg = draw("svg", { viewBox: "0 0 " + run.columns + " " + run.rows, preserveAspectRatio: "none", role: "img",
          "aria-label": title || "attention at the time of the slider", style: "grid-row:" + (run.targets ? 2 : 1) + "/span " + (isMap ? 1 : run.rows) }, grid);
        for (let r = 0; r < run.rows; r++)
          for (let c = 0; c < run.columns; c++)
            view.cells.push(draw("rect", { x: c, y: r, width: 1, height: 1, "class": "h" + colour(isMap ? head : r), "fill-opacity": 0 }, svg));
        svg.addEventListener("pointermove", (event) => point(event, svg, p));
        svg.addEventListener("pointerleave", () => say());
        if (!isMap) {
          const axis = make("div", { "class": "axis", "aria-hidden": "true" }, grid);
          [0, Math.floor((run.columns - 1) / 2), run.columns - 1].filter((c, i, all) => all.indexOf(c) === i)
            .forEach((c) => make("span", {}, axis, place + labelOf(c)));
        }
      }
      const key = make("div", { "class": "key" }, box);
      const ramp = make("span", {}, key, "0");
      make("span", { "class": "ramp", "aria-hidden": "true" }, ramp);
      ramp.append("1; shades grow as the square root");
    }
    function buildShares(box) {
      if (run.kind !== "patterns") make("h4", {}, box, run.shareName);
      const key = make("div", { "class": "key" }, box);
      for (let h = 0; h < run.heads; h++) {
        const item = make("span", {}, key);
        make("b", { "class": "b" + colour(h), "aria-hidden": "true" }, item);
        item.append("head " + (h + 1));
      }
      const list = make("div", { "class": "shares" }, box);
      for (let j = 0; j < run.patterns; j++) {
        make("span", {}, list, (run.quantity === "excess" ? "span " : "pattern ") + (j + 1));
        const bar = make("div", { "class": "bar", role: "img" }, list), parts = [];
        for (let h = 0; h < run.heads; h++) parts.push(make("i", { "class": "b" + colour(h) }, bar));
        view.bars.push({ bar: bar, parts: parts });
      }
    }
    function point(event, svg, panel) {
      const area = svg.getBoundingClientRect();
      const c = Math.min(run.columns - 1, Math.max(0, Math.floor((event.clientX - area.left) / area.width * run.columns)));
      const r = Math.min(run.rows - 1, Math.max(0, Math.floor((event.clientY - area.top) / area.height * run.rows)));
      const value = root(run, ((at * run.panels + panel) * run.rows + r) * run.columns + c);
      const what = run.kind === "maps" ? "query " + (run.firstRow + r) + ", key " + (c + 1)
        : "head " + (r + 1) + ", " + (run.kind === "patterns" ? "pattern " : run.classes ? "class " : "position ") + labelOf(c);
      says.textContent = timeText(at) + "; " + what + ": " + (isNaN(value) ? "none" : number(value * value, 3));
    }

    /* What a picture shows, in words. */
    function words() {
      if (!run.cells || run.kind === "maps") return "";
      const list = [];
      for (let r = 0; r < Math.min(run.rows, 8); r++) {
        let best = 0;
        for (let c = 1; c < run.columns; c++)
          if (root(run, (at * run.rows + r) * run.columns + c) > root(run, (at * run.rows + r) * run.columns + best)) best = c;
        const value = root(run, (at * run.rows + r) * run.columns + best);
        if (value * value >= 0.05 || run.kind !== "patterns") list.push("head " + (r + 1) + " most on " + labelOf(best) + " (" + (value * value).toFixed(2) + ")");
      }
      return list.length === 0 ? "; no head carries a pattern yet" : "; " + list.join(", ") + (run.rows > 8 ? ", \u2026" : "");
    }
    function say() { says.textContent = timeText(at) + words(); }

    function go(i) {
      at = Math.min(run.t.length - 1, Math.max(0, i));
      slider.value = at;
      slider.setAttribute("aria-valuetext", timeText(at));
      view.cells.forEach((cell, k) => {
        const value = root(run, at * view.cells.length + k);
        cell.setAttribute("fill-opacity", isNaN(value) ? 0 : Number(value.toFixed(3)));
      });
      view.bars.forEach((b, j) => {
        const shares = b.parts.map((part, h) => run.share[(at * run.heads + h) * run.patterns + j] || 0);
        const sum = shares.reduce((all, x) => all + Math.max(0, x), 0), scale = Math.max(1, sum);
        shares.forEach((x, h) => {
          b.parts[h].style.width = 100 * Math.max(0, x) / scale + "%";
          b.parts[h].hidden = x / scale < 0.002;
        });
        b.bar.setAttribute("aria-label", shares.map((x, h) => "head " + (h + 1) + " " + x.toFixed(2)).join(", "));
      });
      if (view.cursor) {
        view.cursor.setAttribute("d", "M" + (1000 * run.x[at]).toFixed(1) + " 0V1000");
        view.cursor.style.visibility = "visible";
      }
      say();
    }
    function stop() {
      clearInterval(timer);
      timer = 0;
      play.textContent = "Play";
    }
    function show(index) {
      stop();
      if (view) view.box.remove();
      run = runs[index];
      runs.forEach((r, i) => { byId("run-" + i).hidden = i !== index; });
      if (choice) choice.value = index;
      slider.max = Math.max(0, run.t.length - 1);
      build(index);
      go(run.t.length - 1);
    }
    play.addEventListener("click", () => {
      if (timer) { stop(); return; }
      if (at >= run.t.length - 1) go(0);
      play.textContent = "Stop";
      timer = setInterval(() => at < run.t.length - 1 ? go(at + 1) : stop(), 80);
    });
    slider.addEventListener("input", () => { stop(); go(Number(slider.value)); });

    function follow() {
      const wish = fragment();
      const index = Math.min(runs.length, Math.max(1, parseInt(wish.get("run"), 10) || 1)) - 1;
      if (runs[index] !== run) show(index);
      const t = parseFloat(wish.get("t"));
      if (!isNaN(t)) go(run.t.reduce((best, x, i) => Math.abs(x - t) < Math.abs(run.t[best] - t) ? i : best, 0));
    }
    document.body.classList.add("scripted");
    show(0);
    follow();
    addEventListener("hashchange", follow);
  }

  /* ---- sweeps ---- */

  const VIRIDIS = ["#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26", "#fde725"];
  function shade(x) {
    const at = Math.min(0.9999, Math.max(0, x)) * 10, i = Math.floor(at), part = at - i;
    const mix = (k) => Math.round(parseInt(VIRIDIS[i].substr(k, 2), 16) * (1 - part) + parseInt(VIRIDIS[i + 1].substr(k, 2), 16) * part);
    return "rgb(" + mix(1) + "," + mix(3) + "," + mix(5) + ")";
  }
  function median(list) {
    const sorted = list.filter((x) => typeof x === "number").sort((a, b) => a - b), n = sorted.length;
    return n === 0 ? null : n % 2 ? sorted[(n - 1) / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  }
  /* Where numbers stand between 0 and 1: by their logarithm where they are spaced so. */
  function scale(values) {
    const low = Math.min(...values), high = Math.max(...values), sorted = [...values].sort((a, b) => a - b);
    const isLog = low > 0 && high / low > 20 && sorted[Math.floor(sorted.length / 2)] < 0.2 * (low + high);
    const f = isLog ? Math.log : (x) => x;
    return { log: isLog, place: (x) => high > low ? (f(x) - f(low)) / (f(high) - f(low)) : 0.5, low: low, high: high };
  }
  const between = (range, p) => range.log ? range.low * Math.pow(range.high / range.low, p) : range.low + p * (range.high - range.low);

  function Sweep(sweep) {
    const box = byId("sweep"), names = sweep.columns, rows = sweep.rows;
    const status = names.indexOf("status"), reason = names.indexOf("reason"), censored = names.indexOf("censored");
    const values = (c) => [...new Set(rows.map((r) => r[c]))];
    /* Inputs that take several values; of those that go together the last one, which has a name of its own, or a number. */
    const seeds = ["init.seed", "train.seed"];
    let axes = [];
    for (let c = 1; c <= sweep.inputs; c++)
      if (values(c).length > 1) axes.push(c);
    const together = (a, b) => new Set(rows.map((r) => JSON.stringify([r[a], r[b]]))).size === values(a).length && values(a).length === values(b).length;
    axes = axes.filter((a, i) => !axes.some((b, k) => k > i && together(a, b)));
    const swept = axes.filter((c) => !seeds.includes(names[c]));
    if (swept.length > 0) axes = swept;
    const quantities = names.map((n, c) => c).filter((c) => c > status + 1 && c !== reason && rows.some((r) => typeof r[c] === "number"));
    if (axes.length === 0 || quantities.length === 0) return;
    const levels = new Map(axes.map((c) => {
      const list = values(c);
      return [c, list.every((x) => typeof x === "number") ? list.sort((a, b) => a - b) : list];
    }));

    box.textContent = "";
    const choices = make("div", { "class": "choices" }, box);
    function pick(title, id, list, chosen, text) {
      const label = make("label", {}, choices, title + " ");
      const select = make("select", { id: id }, label);
      list.forEach((c) => make("option", { value: c }, select, text ? text(c) : names[c]));
      select.value = chosen;
      select.addEventListener("change", refresh);
      return select;
    }
    const what = pick("show", "quantity", quantities, quantities[0]);
    const across = axes.length > 1 ? pick("across", "across", axes, axes[0]) : { value: axes[0] };
    const up = axes.length > 1 ? pick("up", "up", axes, axes[1]) : null;
    const fixed = new Map();
    if (axes.length > 2)
      axes.forEach((c) => fixed.set(c, pick(names[c], "fix-" + c, levels.get(c).map((x, i) => i), 0, (i) => number(levels.get(c)[i]))));
    const board = make("div", { "class": "board", id: "board", tabindex: 0, role: "application", "aria-describedby": "how",
      "aria-label": "map of the sweep; arrow keys move the point" }, box);
    make("p", { "class": "note", id: "how" }, box, "Arrow keys, a click or a touch move the point; its runs stand below.");
    const key = make("div", { "class": "key" }, box);
    const detail = make("div", { id: "point", "aria-live": "polite" }, box);
    let point = [0, 0];

    function runsAt(i, j) {
      const x = Number(across.value), y = up ? Number(up.value) : -1;
      return rows.filter((r) => r[x] === levels.get(x)[i] && (y < 0 || y === x || r[y] === levels.get(y)[j]) &&
        axes.every((c) => c === x || c === y || !fixed.has(c) || r[c] === levels.get(c)[Number(fixed.get(c).value)]));
    }
    function tick(kind, place, text) {
      make("span", { "class": kind, style: (kind === "xt" ? "left:" : "bottom:") + (100 * place).toFixed(2) + "%" }, board, text);
    }
    function ticks(kind, column, count, middle) {
      const list = levels.get(column), n = list.length;
      for (let i = 0; i < n; i += Math.max(1, Math.ceil(n / count)))
        tick(kind, middle(i, n), number(list[i], 2));
    }
    const middle = (i, n) => (i + 0.5) / n;

    function refresh() {
      const x = Number(across.value), y = up ? Number(up.value) : -1, q = Number(what.value);
      board.textContent = key.textContent = "";
      const nx = levels.get(x).length, ny = up && y !== x ? levels.get(y).length : 0;
      point = [Math.min(point[0], nx - 1), Math.min(point[1], Math.max(0, ny - 1))];
      fixed.forEach((select, c) => { select.parentElement.hidden = c === x || c === y; });
      const found = rows.map((r) => r[q]).filter((v) => typeof v === "number");
      if (found.length === 0) return;
      const range = scale(found);
      const svg = draw("svg", { viewBox: "0 0 1000 1000", preserveAspectRatio: "none", "aria-hidden": "true" }, board);
      if (ny > 0) {
        for (let i = 0; i < nx; i++)
          for (let j = 0; j < ny; j++) {
            const value = median(runsAt(i, j).map((r) => r[q]));
            draw("rect", { x: 1000 * i / nx, y: 1000 * (1 - (j + 1) / ny), width: 1000 / nx + 0.6, height: 1000 / ny + 0.6,
              "class": value === null ? "none" : "", fill: value === null ? "" : shade(range.place(value)) }, svg);
          }
        make("span", {}, key, names[q] + ":");
        [0, 0.25, 0.5, 0.75, 1].forEach((p) => {
          const item = make("span", {}, key);
          make("b", { style: "background:" + shade(p), "aria-hidden": "true" }, item);
          item.append(number(between(range, p), 3));
        });
        if (range.log) make("span", {}, key, "(logarithmic)");
        make("span", {}, key, "grey: no value");
        ticks("yt", y, 8, middle);
        make("span", { "class": "yl" }, board, names[y]);
      } else {
        const line = [];
        for (let i = 0; i < nx; i++) {
          const here = runsAt(i, 0), value = median(here.map((r) => r[q]));
          here.filter((r) => typeof r[q] === "number").forEach((r) =>
            draw("ellipse", { cx: 1000 * middle(i, nx), cy: 960 - 920 * range.place(r[q]), rx: 4, ry: 9, "class": "h1", "fill-opacity": 0.7 }, svg));
          if (value !== null) line.push(1000 * middle(i, nx) + " " + (960 - 920 * range.place(value)));
        }
        draw("path", { "class": "median", d: "M" + line.join("L") }, svg);
        [0, 0.5, 1].forEach((p) => tick("yt", 0.04 + 0.92 * p,
          number(between(range, p), 3)));
        make("span", { "class": "yl" }, board, names[q] + (range.log ? " (logarithmic)" : ""));
      }
      ticks("xt", x, Math.max(2, Math.floor(board.clientWidth / 90)), middle);
      make("span", { "class": "xl" }, board, names[x]);
      const here = draw("rect", { "class": "here", id: "here" }, svg);
      board.place = (i, j) => {
        here.setAttribute("x", 1000 * i / nx);
        here.setAttribute("width", 1000 / nx);
        here.setAttribute("y", ny > 0 ? 1000 * (1 - (j + 1) / ny) : 0);
        here.setAttribute("height", ny > 0 ? 1000 / ny : 1000);
      };
      board.size = [nx, Math.max(1, ny)];
      go(point[0], point[1]);
    }

    function go(i, j) {
      point = [Math.min(board.size[0] - 1, Math.max(0, i)), Math.min(board.size[1] - 1, Math.max(0, j))];
      board.place(point[0], point[1]);
      detail.textContent = "";
      const here = runsAt(point[0], point[1]);
      const x = Number(across.value), y = up ? Number(up.value) : x;
      const title = names[x] + " = " + number(levels.get(x)[point[0]]) + (y !== x ? ", " + names[y] + " = " + number(levels.get(y)[point[1]]) : "");
      make("h4", {}, detail, title + ": " + here.length + (here.length === 1 ? " run" : " runs"));
      if (here.length === 0) return;
      const scroll = make("div", { "class": "scroll", tabindex: 0, role: "region", "aria-label": title }, detail);
      const table = make("table", {}, scroll), head = make("tr", {}, make("thead", {}, table)), body = make("tbody", {}, table);
      names.forEach((name) => make("th", { scope: "col" }, head, name));
      here.slice(0, 30).forEach((r) => {
        const line = make("tr", {}, body);
        r.forEach((v, c) => make("td", typeof v === "number" ? { "class": "n" } : {}, line, c === censored && v === 1 ? "1 (more was to come)" : number(v)));
      });
      if (here.length > 30) make("p", { "class": "note" }, detail, "The first 30 of " + here.length + " runs.");
      make("p", { "class": "note" }, detail, "As a run of its own: headflow run sweep.conf --task " + here[0][0]);
    }
    board.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      go(point[0] + move[0], point[1] + move[1]);
    });
    board.addEventListener("click", (event) => {
      const area = board.getBoundingClientRect();
      go(Math.floor((event.clientX - area.left) / area.width * board.size[0]),
        Math.floor((1 - (event.clientY - area.top) / area.height) * board.size[1]));
    });
    function follow() {
      const task = parseInt(fragment().get("task"), 10), run = rows.find((r) => r[0] === task);
      if (!run) return;
      fixed.forEach((select, c) => { select.value = levels.get(c).indexOf(run[c]); });
      const x = Number(across.value), y = up ? Number(up.value) : x;
      point = [levels.get(x).indexOf(run[x]), y === x ? 0 : levels.get(y).indexOf(run[y])];
      refresh();
    }
    refresh();
    follow();
    addEventListener("hashchange", follow);
  }

  if (data.sweep && data.sweep.rows.length > 0) Sweep(data.sweep);
  if (data.runs.length > 0 && data.runs.every((r) => r.t.length > 0)) Movie(data.runs);
})();
