// The page while the experiment runs: where the run stands, told by the server that sent the page.
(() => {
  const box = document.getElementById("live");
  if (!box) return;
  const make = (tag, text, className) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  };
  const duration = (seconds) => {
    if (seconds < 60) return `${Math.round(seconds)} s`;
    const minutes = Math.round(seconds / 60);
    return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  };
  const state = { stages: {} };
  // What lasts is counted here: a step may tell nothing for hours.
  let told = 0, clocks = [];
  const lasting = (node, seconds, text) => {
    const show = () => { node.textContent = text(duration(seconds + (state.phase === "running" ? (performance.now() - told) / 1000 : 0))); };
    clocks.push(show);
    show();
    return node;
  };
  setInterval(() => { if (state.phase === "running") for (const show of clocks) show(); }, 1000);
  let shown = null;
  let missed = 0;

  // Wider than a phone, it scrolls in its own box.
  const scrolled = (table, label) => {
    const around = make("div", undefined, "scroll");
    around.tabIndex = 0;
    around.setAttribute("role", "region");
    around.setAttribute("aria-label", label);
    around.append(table);
    return around;
  };

  const curve = (trail) => {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", "0 0 120 24");
    svg.setAttribute("class", "trail");
    svg.setAttribute("role", "img");
    const values = trail.map((point) => point[1]);
    const low = Math.min(...values), high = Math.max(...values);
    svg.setAttribute("aria-label", `from ${values[0]} to ${values[values.length - 1]}`);
    const place = (point) => {
      const along = trail[trail.length - 1][0] - trail[0][0] || 1;
      const x = 118 * (point[0] - trail[0][0]) / along + 1;
      const y = 22 - 20 * (point[1] - low) / (high - low || 1);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    };
    const line = document.createElementNS(ns, "polyline");
    line.setAttribute("points", trail.map(place).join(" "));
    svg.append(line);
    return svg;
  };

  const draw = () => {
    const lines = [];
    clocks = [];
    const head = make("p", undefined, "state");
    const words = { "not begun": "No run yet: this page waits for one", running: "Running", ended: "Ended", "broken off": "Broken off" };
    let text = words[state.phase] || state.phase;
    if (state.steps) text += `: ${state.settled} of ${state.steps} steps`;
    if (state.phase === "running" && state.left !== null) text += `, ${state.left}`;
    head.append(make("span", text, `verdict ${state.phase === "running" ? "undecided" : state.failed_in_all ? "fails" : "holds"}`));
    if (state.run) head.append(document.createElement("br"), lasting(make("span", undefined, "when"), state.seconds, (took) => `Run ${state.run}, ${took}: ${state.command}`));
    lines.push(head);
    if (state.steps) {
      const bar = make("progress");
      bar.max = state.steps;
      bar.value = state.settled;
      bar.setAttribute("aria-label", "steps");
      lines.push(bar);
    }
    if (state.search) lines.push(make("p", state.search));
    if (state.failed_in_all) {
      const list = make("p", `${state.failed_in_all} failed: ${state.failed.join(", ")}`);
      if (state.failed_in_all > state.failed.length) list.append(` and ${state.failed_in_all - state.failed.length} more`);
      lines.push(list);
    }
    if (state.running.length) {
      const table = make("table", undefined, "running");
      for (const step of state.running) {
        const row = table.insertRow();
        row.insertCell().append(make("code", step.step), step.place ? ` ${step.place}` : "");
        lasting(row.insertCell(), step.seconds, (took) => took);
        row.insertCell().textContent = step.share === null ? "" : `${Math.floor(100 * step.share)} %`;
        row.insertCell().textContent = step.note;
        const last = row.insertCell();
        if (step.trail && step.trail.length > 1) last.append(curve(step.trail));
      }
      lines.push(scrolled(table, "Steps under way"));
      const more = state.running_in_all - state.running.length;
      if (more > 0) lines.push(make("p", `and ${more} more`));
    }
    const names = Object.keys(state.stages);
    if (names.length) {
      const details = make("details");
      details.open = box.querySelector("details") ? box.querySelector("details").open : state.phase === "running";
      details.append(make("summary", "Stages"));
      const table = make("table");
      const columns = ["steps", "done", "known", "running", "failed", "left_out"];
      const top = table.createTHead().insertRow();
      for (const name of ["stage", ...columns]) top.append(make("th", name.replace("_", " ")));
      const body = table.createTBody();
      for (const name of names) {
        const row = body.insertRow();
        row.insertCell().append(make("code", name));
        for (const column of columns) row.insertCell().textContent = state.stages[name][column] || "";
      }
      details.append(scrolled(table, "Stages"));
      lines.push(details);
    }
    if (shown !== null && state.results > shown) {
      const note = make("p");
      const button = make("button", `Show ${state.results - shown} new results`, "tool");
      button.addEventListener("click", () => location.reload());
      note.append(button);
      lines.push(note);
    }
    box.replaceChildren(...lines);
    box.dataset.phase = state.phase;
    box.dataset.turn = state.turn;
  };

  const look = async () => {
    try {
      const after = state.turn === undefined ? "" : `?after=${state.turn}&run=${encodeURIComponent(state.run)}`;
      const answer = await fetch(`/state${after}`);
      if (answer.status === 200) {
        const news = await answer.json();
        const before = state.phase;
        const stages = news.whole ? news.stages : Object.assign(state.stages, news.stages);
        Object.assign(state, news, { stages });
        told = performance.now();
        if (shown === null) shown = Number(box.dataset.results);
        draw();
        // The last results come with the end, which is waited for.
        if (before === "running" && state.phase !== "running") location.reload();
      } else if (answer.status === 403) {
        box.replaceChildren(make("p", "This page was opened anew elsewhere: take the address that was printed."));
        return;
      }
      missed = 0;
    } catch (error) {
      missed += 1;
      if (missed === 3) box.prepend(make("p", "The program that shows this page has ended; the run goes on or has ended without it.", "lost"));
    }
    setTimeout(look, document.hidden ? 3000 : missed ? 2000 : 300);
  };
  look();
})();
