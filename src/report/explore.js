// Plots of any columns: two against each other, or all side by side.
(function explore() {
  const place = document.getElementById("plots");
  if (!place) return;
  const SVG = "http://www.w3.org/2000/svg";
  const MOST = 4000;
  const draw = (tag, attributes, ...children) => {
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  const varies = (grid, i) => { const first = grid.entries[0].exact[i]; return grid.entries.some(({ exact }) => exact[i] !== first); };
  const grids = GRIDS.filter((grid) => grid.name !== "artifacts" && grid.entries.length > 1 && grid.columns.some((column, i) => column.numeric && varies(grid, i)));
  if (!grids.length) { place.closest("section").remove(); document.querySelector('nav a[href="#explore"]')?.parentNode.remove(); return; }
  // What was measured is looked at first, in the table with the most columns; how long steps took only where there is nothing else.
  const metrics = (grid) => grid.columns.filter((column, i) => column.numeric && !column.axis && varies(grid, i)).length;
  const measured = grids.filter((grid) => grid.name !== "steps");
  const start = (measured.length ? measured : grids).reduce((best, grid) => (metrics(grid) > metrics(best) ? grid : best));

  const picker = (name, onchange) => {
    const select = element("select", { "data-pick": name });
    select.addEventListener("change", onchange);
    return select;
  };
  const fill = (select, options, chosen) => {
    select.replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    select.value = chosen;
  };
  let grid = start;
  const table = picker("table", () => { grid = grids[table.value]; choose(); });
  fill(table, grids.map((one, i) => [i, one.name]), grids.indexOf(start));
  const [x, y, colour] = ["x", "y", "colour"].map((name) => picker(name, plot));
  const [logX, logY] = ["x", "y"].map((name) => element("input", { type: "checkbox", "aria-label": "logarithmic " + name }));
  for (const box of [logX, logY]) box.addEventListener("change", plot);
  const label = (text, ...nodes) => element("label", {}, text, ...nodes);
  const scatterBox = element("div", { class: "scroll plot", tabindex: "0", role: "region", "aria-label": "Scatter plot" });
  const parallelBox = element("div", { class: "scroll plot", tabindex: "0", role: "region", "aria-label": "Parallel coordinates" });
  const key = element("p", { class: "legend" });
  place.append(element("div", { class: "filters" }, label("table", table), label("x", x), label("log", logX), label("y", y), label("log", logY), label("colour", colour)),
    key, element("h3", {}, "Two columns"), scatterBox, element("h3", {}, "All columns"), parallelBox);

  function choose() {
    const some = grid.columns.map((column, i) => [i, column.title]).filter(([i]) => varies(grid, i));
    const numbers = some.filter(([i]) => grid.columns[i].numeric);
    const measured = numbers.filter(([i]) => !grid.columns[i].axis);
    const axes = some.filter(([i]) => grid.columns[i].axis);
    const second = (measured[0] ?? numbers[0])[0];
    fill(x, some, (axes.find(([i]) => grid.columns[i].numeric) ?? measured[1] ?? some[0])[0]);
    fill(y, numbers, second);
    fill(colour, [["", "none"], ...some], (axes.find(([i]) => String(i) !== x.value) ?? [""])[0]);
    plot();
  }

  // A column's scale to [0, 1]; null for what is missing.
  function scale(i, log) {
    const column = grid.columns[i];
    if (!column.numeric) {
      const values = [...new Set(grid.entries.map(({ exact }) => exact[i]))].sort(collator.compare);
      const at = new Map(values.map((value, k) => [value, values.length > 1 ? (k + 0.5) / values.length : 0.5]));
      const step = Math.ceil(values.length / 12);
      return { offset: "", of: (text) => at.get(text), ticks: values.filter((_, k) => k % step === 0).map((value) => [at.get(value), value || "–"]) };
    }
    const read = (text) => (text === "" ? NaN : log ? Math.log10(Number(text)) : Number(text));
    let low = Infinity, high = -Infinity;
    for (const { exact } of grid.entries) { const v = read(exact[i]); if (Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); } }
    if (!(high >= low)) { low = 0; high = 1; }
    // Halves, since the distance of the largest numbers is infinite.
    const half = (v) => v / 2 - low / 2;
    // 0.3 and 0.1 + 0.2 are one number: no step between them could be added to either.
    const size = Math.max(Math.abs(low), Math.abs(high));
    const pad = (half(high) > 1e-12 * size ? half(high) * 2 : size || 1) * 0.04;
    low = Math.max(low - pad, -Number.MAX_VALUE);
    high = Math.min(high + pad, Number.MAX_VALUE);
    // Within one power of ten, marks of the numbers themselves.
    const narrow = log && high - low < 1;
    const { units, power } = narrow ? marks(10 ** low, 10 ** high) : marks(low, high);
    const marked = units.map((unit) => Number(unit + "e" + power));
    const values = narrow ? marked.map(Math.log10) : marked;
    const { texts, offset } = log && !narrow ? { texts: apart(values.map((value) => Number((10 ** value).toPrecision(12)))), offset: "" } : written(units, power);
    const place = (v) => half(v) / half(high);
    return {
      of: (text) => { const v = read(text); return Number.isFinite(v) ? place(v) : null; },
      ticks: values.map((value, k) => [place(value), texts[k]]),
      offset,
    };
  }

  // Round marks between two ends, as whole multiples of a power of ten: a dozen at most, whatever the ends are.
  function marks(low, high) {
    const most = Math.floor(Math.log10(high / 10 - low / 10));
    const steps = [-1, 0, 1].flatMap((more) => [1, 2, 5].map((m) => [m, most + more]));
    const [m, power] = steps.find(([m, e]) => (high / 2 - low / 2) / Number(m + "e" + e) <= 3) ?? [1, 0];
    const step = Number(m + "e" + power), first = Math.ceil(low / step), units = [];
    for (let k = 0; k < 12 && (first + k) * step <= high; k++) units.push((first + k) * m);
    return { units, power };
  }

  // Marks with the digits that their distance asks for. What all of them begin with is told once, where that is long.
  function written(units, power) {
    const largest = Math.max(...units.map(Math.abs), 0);
    const number = (unit) => Number(unit + "e" + power);
    if (largest >= 1e6) {
      const shared = Math.floor(Math.min(...units) / 100) * 100;
      const [sign, all] = shared < 0 ? [" + ", -shared] : [" − ", shared];
      return { texts: written(units.map((unit) => unit - shared), power).texts, offset: sign + plainly(all, power) };
    }
    const size = number(largest);
    const first = largest ? Math.floor(Math.log10(largest)) + power : 0;
    const texts = units.map((unit) => {
      if (unit === 0) return "0";
      if (size >= 1e-3 && size < 1e6) return signed(number(unit).toFixed(Math.max(0, -power)));
      return signed(Number(unit + "e" + (power - first)).toFixed(Math.max(0, first - power))) + "·10" + raised(first);
    });
    return { texts, offset: "" };
  }

  // All digits of a number of many.
  function plainly(unit, power) {
    if (power >= 0 && power < 6) return unit + "0".repeat(power);
    if (power < 0 && power > -12) return Number(unit + "e" + power).toFixed(-power).replace(/\.?0+$/, "");
    return unit + "·10" + raised(power);
  }

  function colours() {
    key.replaceChildren();
    if (colour.value === "") return () => "var(--c0)";
    const i = Number(colour.value), column = grid.columns[i];
    const values = [...new Set(grid.entries.map(({ exact }) => exact[i]))].sort(collator.compare);
    if (values.length <= 8) {
      values.forEach((value, k) => key.append(element("span", {}, element("i", { class: "c" + k }), value || "–")));
      return (entry) => `var(--c${values.indexOf(entry.exact[i])})`;
    }
    const ramp = (t) => `hsl(${265 - 215 * t} 65% ${34 + 22 * t}%)`;
    const s = scale(i, false);
    const numbers = column.numeric ? grid.entries.map(({ exact }) => exact[i]).filter((text) => text !== "").map(Number) : null;
    const ends = numbers ? apart([numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))]) : [values[0], values.at(-1)];
    const bar = element("i", { class: "ramp" });
    bar.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map(ramp).join(", ")})`;
    key.append(element("span", {}, column.title + ": " + ends[0] + " ", bar, ends[1]));
    return (entry) => { const t = s.of(entry.exact[i]); return t == null ? "var(--muted)" : ramp(t); };
  }

  const shortened = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
  const told = (entry) => grid.columns.map((column, i) => column.title + " " + (entry.exact[i] || "–")).join("\n");
  const thinned = () => {
    const step = Math.ceil(grid.entries.length / MOST);
    return grid.entries.filter((_, k) => k % step === 0);
  };

  function plot() {
    const paint = colours();
    scatter(paint);
    parallel(paint);
  }

  function scatter(paint) {
    const w = 680, h = 400, left = 70, bottom = 46, right = 12, top = 10;
    const [i, j] = [Number(x.value), Number(y.value)];
    const [sx, sy] = [scale(i, logX.checked), scale(j, logY.checked)];
    const px = (t) => left + t * (w - left - right), py = (t) => h - bottom - t * (h - bottom - top);
    const svg = draw("svg", { viewBox: `0 0 ${w} ${h}`, class: "chart", role: "img", "aria-label": grid.columns[j].title + " over " + grid.columns[i].title });
    for (const [t, text] of sx.ticks) svg.append(draw("path", { class: "tick", d: `M${px(t)} ${py(0)}V${top}` }), draw("text", { x: px(t), y: h - bottom + 16, "text-anchor": "middle" }, shortened(text, 14)));
    for (const [t, text] of sy.ticks) svg.append(draw("path", { class: "tick", d: `M${left} ${py(t)}H${w - right}` }), draw("text", { x: left - 6, y: py(t) + 4, "text-anchor": "end" }, shortened(text, 12)));
    svg.append(draw("text", { x: (left + w - right) / 2, y: h - 8, "text-anchor": "middle", class: "title" }, shortened(grid.columns[i].title, 60) + sx.offset));
    svg.append(draw("text", { transform: `translate(14 ${(top + h - bottom) / 2}) rotate(-90)`, "text-anchor": "middle", class: "title" }, shortened(grid.columns[j].title, 45) + sy.offset));
    let missing = 0;
    for (const entry of thinned()) {
      const [a, b] = [sx.of(entry.exact[i]), sy.of(entry.exact[j])];
      if (a == null || b == null) { missing += 1; continue; }
      svg.append(draw("circle", { cx: px(a).toFixed(1), cy: py(b).toFixed(1), r: 4, fill: paint(entry), "fill-opacity": 0.75 }, draw("title", {}, told(entry))));
    }
    const notes = [];
    if (missing) notes.push(missing + " rows without a place on these scales are left out.");
    if (grid.entries.length > MOST) notes.push("Every " + Math.ceil(grid.entries.length / MOST) + "th of " + grid.entries.length + " rows.");
    scatterBox.replaceChildren(svg, element("p", { class: "note" }, notes.join(" ")));
  }

  function parallel(paint) {
    const shown = grid.columns.map((_, i) => i).filter((i) => varies(grid, i)).slice(0, 14);
    const h = 320, gap = 110, left = 50, top = 42, bottom = 16;
    const w = left * 2 + gap * Math.max(1, shown.length - 1);
    const svg = draw("svg", { viewBox: `0 0 ${w} ${h}`, class: "chart wide", role: "img", "aria-label": "Parallel coordinates of " + grid.name });
    svg.style.minWidth = Math.min(w, 90 * shown.length) + "px";
    const scales = shown.map((i) => scale(i, false));
    const px = (k) => left + k * gap, py = (t) => h - bottom - t * (h - bottom - top);
    const rows = thinned();
    const lines = rows.map((entry) => {
      const points = shown.map((i, k) => { const t = scales[k].of(entry.exact[i]); return t == null ? null : `${px(k)},${py(t).toFixed(1)}`; }).filter(Boolean);
      return draw("polyline", { points: points.join(" "), stroke: paint(entry), class: "row" }, draw("title", {}, told(entry)));
    });
    svg.append(...lines);
    const ranges = new Map();
    const status = element("p", { class: "note", role: "status" });
    const keep = () => {
      let kept = 0;
      rows.forEach((entry, r) => {
        const inside = [...ranges].every(([k, [low, high]]) => { const t = scales[k].of(entry.exact[shown[k]]); return t != null && t >= low && t <= high; });
        lines[r].classList.toggle("out", !inside);
        kept += inside;
      });
      status.textContent = ranges.size ? kept + " of " + rows.length + " rows kept" : "";
    };
    shown.forEach((i, k) => {
      svg.append(draw("path", { class: "axis", d: `M${px(k)} ${py(0)}V${py(1)}` }));
      for (const [t, text] of scales[k].ticks) svg.append(draw("text", { x: px(k) + 4, y: py(t) + 4, class: "over" }, shortened(text, 12)));
      svg.append(draw("text", { x: px(k), y: k % 2 ? 30 : 14, "text-anchor": "middle", class: "title" }, shortened(grid.columns[i].title, 26 - scales[k].offset.length) + scales[k].offset, draw("title", {}, grid.columns[i].title + scales[k].offset)));
      const brush = draw("rect", { x: px(k) - 8, y: 0, width: 16, height: 0, class: "brush" });
      const hit = draw("rect", { x: px(k) - 14, y: py(1), width: 28, height: py(0) - py(1), class: "hit", "data-axis": grid.columns[i].name });
      const at = (event) => {
        const box = hit.getBoundingClientRect();
        return Math.min(1, Math.max(0, 1 - (event.clientY - box.top) / box.height));
      };
      let from = null;
      hit.addEventListener("pointerdown", (event) => { from = at(event); hit.setPointerCapture(event.pointerId); });
      hit.addEventListener("pointermove", (event) => {
        if (from === null) return;
        const to = at(event), low = Math.min(from, to), high = Math.max(from, to);
        if (high - low < 0.01) return;
        ranges.set(k, [low, high]);
        brush.setAttribute("y", py(high));
        brush.setAttribute("height", py(low) - py(high));
        keep();
      });
      for (const end of ["pointerup", "pointercancel"]) hit.addEventListener(end, () => { from = null; });
      hit.addEventListener("dblclick", () => { ranges.delete(k); brush.setAttribute("height", 0); keep(); });
      svg.append(brush, hit);
    });
    parallelBox.replaceChildren(svg, status);
  }
  choose();
})();
