// Two runs: which numbers and parameters differ.
(function compare() {
  const place = document.getElementById("compare");
  if (!place) return;
  const { results, runs } = JSON.parse(place.querySelector("script.runs").textContent);
  const choice = (chosen, name) => {
    const select = element("select", { "data-run": name });
    runs.forEach((run, i) => select.append(element("option", { value: i, title: run.command }, run.run)));
    select.value = chosen;
    select.addEventListener("change", show);
    return select;
  };
  const [first, second] = [choice(1, "first"), choice(0, "second")];
  const said = element("p", { class: "note", role: "status" });
  const tables = element("div", {});
  place.append(element("div", { class: "filters" }, element("label", {}, "first", first), element("label", {}, "second", second)), said, tables);

  function table(name, heads, rows) {
    const box = element("div", { class: "grid", "data-grid": name });
    const head = ([title, numeric, axis]) => element("th", { scope: "col", class: numeric ? "number" : "text", "data-kind": axis ? "axis" : "metric", "data-name": title }, element("span", { class: "title" }, title));
    const cell = (value, i) => {
      const plain = value === null ? "–" : typeof value === "number" ? rounded(value) : value;
      return element("td", { ...(heads[i][1] && { class: "number" }), ...(plain !== value && { "data-value": value === null ? "" : String(value) }) }, plain);
    };
    box.append(element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table " + name }, element("table", {},
      element("thead", {}, element("tr", {}, ...heads.map(head))),
      element("tbody", {}, ...rows.slice(0, 5000).map((row) => element("tr", {}, ...row.map(cell)))))));
    tables.append(element("h3", {}, name), box);
    grid(box);
    // It is made anew for other runs: nothing else plots it.
    GRIDS.pop();
  }

  function show() {
    const byStep = (run) => new Map(run.results.map((i) => [results[i].step, i]));
    const [was, is] = [byStep(runs[first.value]), byStep(runs[second.value])];
    const numbers = [];
    const parts = new Map();
    let same = 0, other = 0;
    for (const [step, i] of is) {
      if (!was.has(step)) continue;
      const [a, b] = [results[was.get(step)], results[i]];
      if (a === b) { same += 1; continue; }
      other += 1;
      for (const name of new Set([...Object.keys(a.numbers), ...Object.keys(b.numbers)])) {
        const [x, y] = [a.numbers[name] ?? null, b.numbers[name] ?? null];
        if (x !== y) numbers.push([step, name, x, y, x === null || y === null ? null : y - x]);
      }
      for (const name of new Set([...Object.keys(a.parts), ...Object.keys(b.parts)])) {
        const [x, y] = [a.parts[name] ?? "–", b.parts[name] ?? "–"];
        if (x === y) continue;
        const stage = step.split("[")[0];
        const group = JSON.stringify([stage, name, x, y]);
        parts.set(group, (parts.get(group) ?? 0) + 1);
      }
    }
    const alone = (a, b) => [...a.keys()].filter((step) => !b.has(step)).length;
    said.textContent = `Of the same steps ${same} have the same result and ${other} another; ${alone(was, is)} steps are only in the first, ${alone(is, was)} only in the second.`;
    tables.replaceChildren();
    if (parts.size) table("Parts of keys that differ", [["stage", false, true], ["part", false, true], ["first", false], ["second", false], ["steps", true]], [...parts].map(([group, count]) => [...JSON.parse(group), count]));
    if (numbers.length) table("Numbers that differ", [["step", false], ["number", false, true], ["first value", true], ["second value", true], ["difference", true]], numbers);
  }
  show();
})();
