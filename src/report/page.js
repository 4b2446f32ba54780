// What the page does beyond being read: theme, zooming, copying, saving; tables, plots and runs are in
// files of their own.
// Without it everything is there to read; so no element waits for it.
"use strict";

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// The theme follows the system until the reader chooses; a choice is kept where storage works.
(function theme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const button = element("button", { type: "button", class: "tool theme" });
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const show = () => { button.textContent = isDark() ? "Light" : "Dark"; };
  try {
    const kept = localStorage.getItem("sweepline-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch { /* pages opened from disk may have no storage */ }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("sweepline-theme", root.dataset.theme); } catch { /* as above */ }
    show();
  });
  dark.addEventListener("change", show);
  show();
  document.querySelector("header").append(button);
})();

// Printed tables of many rows open with the first.
document.querySelectorAll(".printed tbody").forEach((body) => {
  const rows = [...body.rows];
  let limit = 100;
  if (rows.length <= limit) return;
  const more = element("button", { type: "button", class: "tool" });
  const draw = () => {
    body.replaceChildren(...rows.slice(0, limit));
    more.hidden = rows.length <= limit;
    more.textContent = "Show more: " + (rows.length - limit) + " rows below";
  };
  more.addEventListener("click", () => { limit += 500; draw(); });
  body.closest(".scroll").after(more);
  // On paper nothing can be asked for.
  addEventListener("beforeprint", () => { body.replaceChildren(...rows); more.hidden = true; });
  addEventListener("afterprint", draw);
  draw();
});

// Figures: a larger view to wheel, drag, pinch or press + − 0 and arrows in.
(function zoom() {
  if (!document.querySelector("[data-zoom]")) return;
  const image = element("img", { alt: "" });
  const stage = element("div", { class: "stage", tabindex: "0", "aria-label": "Plus and minus zoom, arrows move, zero fits" }, image);
  const dialog = element("dialog", {}, stage);
  const bar = element("div", { class: "zoom-tools" });
  dialog.append(bar);
  document.body.append(dialog);
  let x = 0, y = 0, scale = 1;
  const draw = () => { image.style.transform = `translate(${x}px, ${y}px)`; image.style.width = image.naturalWidth * scale + "px"; };
  const fit = () => {
    const w = stage.clientWidth, h = stage.clientHeight;
    scale = 0.94 * Math.min(w / image.naturalWidth, h / image.naturalHeight) || 1;
    x = (w - image.naturalWidth * scale) / 2;
    y = (h - image.naturalHeight * scale) / 2;
    draw();
  };
  // The point under the pointer stays where it is.
  const zoomAt = (factor, px = stage.clientWidth / 2, py = stage.clientHeight / 2) => {
    const next = Math.min(60, Math.max(0.05, scale * factor));
    x = px - (px - x) * next / scale;
    y = py - (py - y) * next / scale;
    scale = next;
    draw();
  };
  const move = (dx, dy) => { x += dx; y += dy; draw(); };
  for (const [text, label, act] of [["−", "Zoom out", () => zoomAt(1 / 1.3)], ["+", "Zoom in", () => zoomAt(1.3)], ["Fit", "Fit to the window", fit], ["Close", "Close", () => dialog.close()]]) {
    const button = element("button", { type: "button", class: "tool", "aria-label": label }, text);
    button.addEventListener("click", act);
    bar.append(button);
  }
  document.querySelectorAll("[data-zoom]").forEach((button) => button.addEventListener("click", () => {
    const shown = button.querySelector("img");
    image.src = shown.src;
    image.alt = shown.alt;
    dialog.setAttribute("aria-label", button.dataset.zoom);
    dialog.showModal();
    stage.focus();
    image.decode().then(fit, fit);
  }));
  dialog.addEventListener("keydown", (event) => {
    const keys = {
      "+": () => zoomAt(1.3), "=": () => zoomAt(1.3), "-": () => zoomAt(1 / 1.3), "0": fit,
      ArrowLeft: () => move(60, 0), ArrowRight: () => move(-60, 0),
      ArrowUp: () => move(0, 60), ArrowDown: () => move(0, -60),
    };
    if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    zoomAt(Math.exp(-event.deltaY * 0.0015), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  const held = new Map();
  stage.addEventListener("pointerdown", (event) => { held.set(event.pointerId, event); stage.setPointerCapture(event.pointerId); });
  stage.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) return;
    const other = [...held.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    if (other) {
      const apart = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY) || 1;
      const box = stage.getBoundingClientRect();
      zoomAt(apart(event) / apart(before), (event.clientX + other.clientX) / 2 - box.left, (event.clientY + other.clientY) / 2 - box.top);
    } else {
      move(event.clientX - before.clientX, event.clientY - before.clientY);
    }
    held.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => held.delete(event.pointerId));
})();

// Commands: one press copies them.
document.querySelectorAll("[data-copy]").forEach((pre) => {
  const button = element("button", { type: "button", class: "tool" }, "Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      button.textContent = "Copied";
    } catch {
      // No clipboard: the text is selected instead, ready for the keyboard.
      getSelection().selectAllChildren(pre);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1600);
  });
  pre.after(button);
});

// A picture is in the page once; its button makes a file of it.
function save(name, uri) {
  const link = element("a", { href: uri, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
document.querySelectorAll("[data-save]").forEach((button) => button.addEventListener("click", () => {
  save(button.dataset.save, button.closest("figure").querySelector("img").src);
}));
