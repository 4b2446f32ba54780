// Tables: a button in each head sorts up, down, and back to the order of the program; words and
// comparisons filter; long tables are shown in parts.
const GRIDS = [];

const signed = (text) => (/^-[0.]*$/.test(text) ? text.slice(1) : text.replace(/^-/, "−"));
const raised = (power) => [...String(power).replace("+", "")].map((c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c])).join("");

// As the program writes numbers: four digits, powers of ten where there are many zeros.
function rounded(value, digits = 4) {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return signed(String(value));
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  if (size >= 1e-3 && size < 1e6) return signed(value.toFixed(Math.max(0, digits - 1 - Number(power))));
  return signed(mantissa) + "·10" + raised(power);
}

// Numbers with as many digits as tell them apart.
function apart(values) {
  const texts = (digits) => values.map((value) => rounded(value, digits));
  const different = new Set(values).size;
  let digits = 4;
  while (digits < 17 && new Set(texts(digits)).size < different) digits += 1;
  return texts(digits);
}

const collator = new Intl.Collator("en", { numeric: true });

// Missing values stay at the end whichever way.
function compared(a, b, numeric, up) {
  if (a === "" || b === "") return (a === "") - (b === "");
  const order = numeric ? Number(a) - Number(b) : collator.compare(a, b);
  return up ? order : -order;
}

// `kl<0.5` asks about a column, any other word about the row.
function test(word, columns) {
  const [, name, sign, wanted] = word.match(/^(.+?)(<=|>=|!=|<|>|=)(.+)$/) ?? [];
  const i = name === undefined ? -1 : columns.findIndex((column) => [column.name, column.title].some((known) => known.toLowerCase() === name));
  if (i < 0) return (entry) => (entry.text ??= entry.exact.join(" ").toLowerCase()).includes(word);
  const numeric = columns[i].numeric && !Number.isNaN(Number(wanted));
  return ({ exact }) => {
    if (exact[i] === "") return false;
    const order = numeric ? Number(exact[i]) - Number(wanted) : collator.compare(exact[i].toLowerCase(), wanted);
    return { "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "=": order === 0, "!=": order !== 0 }[sign];
  };
}

function grid(box) {
  const table = box.querySelector("table");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const columns = heads.map((head) => ({
    name: head.dataset.name,
    title: head.querySelector(".title").textContent,
    numeric: head.classList.contains("number"),
    axis: head.dataset.kind === "axis",
  }));
  const entries = [...body.rows].map((row, at) => ({ row, at, exact: [...row.cells].map((cell) => cell.dataset.value ?? cell.textContent) }));
  const rest = box.querySelector("script.rest");
  // A text each, as numbers of JavaScript have fewer digits than those of the results; with what is shown for it where that cannot be told.
  const text = (value) => (Array.isArray(value) ? value[0] : value ?? "");
  for (const values of rest ? JSON.parse(rest.textContent) : []) entries.push({ at: entries.length, values, exact: values.map(text) });
  GRIDS.push({ name: box.dataset.grid, columns, entries, box });
  if (entries.length < 2) return;
  const rowOf = (entry) => (entry.row ??= element("tr", {}, ...entry.values.map((value, i) => {
    const plain = value === null ? "–" : Array.isArray(value) ? value[1] : columns[i].numeric && !columns[i].axis ? rounded(Number(value)) : value;
    return element("td", { ...(columns[i].numeric && { class: "number" }), ...(plain !== entry.exact[i] && { "data-value": entry.exact[i] }) }, plain);
  })));

  let wanted = entries;
  let limit = 200;
  const more = element("button", { type: "button", class: "tool" });
  more.addEventListener("click", () => { limit += 500; draw(); });
  function draw() {
    body.replaceChildren(...wanted.slice(0, limit).map(rowOf));
    more.hidden = wanted.length <= limit;
    more.textContent = "Show more: " + (wanted.length - limit) + " rows below";
  }

  heads.forEach((head) => {
    const button = element("button", { type: "button" });
    button.append(...head.childNodes);
    head.append(button);
    head.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" };
      const way = next[head.getAttribute("aria-sort")];
      for (const other of heads) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", way);
      apply();
    });
  });

  const search = element("input", { type: "search", placeholder: "Words, or column<number", "aria-label": "Filter rows of " + box.dataset.grid });
  const count = element("output", { role: "status" });
  const tools = [];
  const choices = [];
  columns.forEach((column, i) => {
    if (!column.axis) return;
    const values = [...new Set(entries.map((entry) => entry.exact[i]))];
    if (values.length < 2 || values.length > 24) return;
    const select = element("select", {}, element("option", { value: "" }, "all"));
    for (const text of values) select.append(element("option", { value: "=" + text }, text || "–"));
    choices.push((entry) => select.value === "" || "=" + entry.exact[i] === select.value);
    select.addEventListener("change", apply);
    select.dataset.axis = column.name;
    tools.push(element("label", {}, column.title, select));
  });
  function apply() {
    const words = search.value.toLowerCase().replaceAll("−", "-").split(/\s+/).filter(Boolean);
    const tests = [...choices, ...words.map((word) => test(word, columns))];
    wanted = tests.length ? entries.filter((entry) => tests.every((passes) => passes(entry))) : entries;
    const i = heads.findIndex((head) => head.getAttribute("aria-sort") !== "none");
    if (i >= 0) {
      const up = heads[i].getAttribute("aria-sort") === "ascending";
      wanted = [...wanted].sort((a, b) => compared(a.exact[i], b.exact[i], columns[i].numeric, up) || a.at - b.at);
    }
    count.textContent = wanted.length === entries.length ? entries.length + " rows" : wanted.length + " of " + entries.length + " rows";
    draw();
  }
  search.addEventListener("input", apply);

  const csv = element("button", { type: "button", class: "tool", title: "The rows shown, with all digits" }, "CSV");
  csv.addEventListener("click", () => {
    const quoted = (text) => (/[",\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
    const lines = [columns.map((column) => column.name), ...wanted.map((entry) => entry.exact)].map((cells) => cells.map(quoted).join(","));
    const uri = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    save(box.dataset.grid + ".csv", uri);
    setTimeout(() => URL.revokeObjectURL(uri), 10_000);
  });
  // All digits of a number that is looked at.
  body.addEventListener("pointerover", ({ target }) => { if (target.dataset.value && !target.title) target.title = target.dataset.value; });
  box.prepend(element("div", { class: "filters" }, search, ...tools, count, csv));
  box.append(more);
  apply();
}
document.querySelectorAll("[data-grid]").forEach(grid);
