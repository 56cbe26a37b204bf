(function () {
  "use strict";
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = true; });
  });
  var box = document.getElementById("map");
  if (!box) return;
  var svg = box.querySelector("svg"), bar = box.querySelector(".bar-scale"), picked = document.getElementById("picked");
  var full = svg.viewBox.baseVal, W = full.width, H = full.height, metres = +svg.dataset.metres;
  var view = { x: 0, y: 0, w: W, h: H };

  function draw() {
    view.w = Math.min(W, Math.max(W / 400, view.w));
    view.h = view.w * H / W;
    view.x = Math.min(W - view.w, Math.max(0, view.x));
    view.y = Math.min(H - view.h, Math.max(0, view.y));
    svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].join(" "));
    box.classList.toggle("zoomed", view.w < W);
    var cell = view.w / svg.clientWidth;
    svg.style.setProperty("--cell", cell);
    box.classList.toggle("close", cell * metres < 6);
    box.classList.toggle("far", cell * metres > 40);
    var most = svg.clientWidth * cell * metres / 4, unit = Math.pow(10, Math.floor(Math.log10(most)));
    var length = [5, 2, 1].map(function (m) { return m * unit; }).find(function (m) { return m <= most; });
    bar.style.width = length / metres / cell + "px";
    var units = document.documentElement.lang === "en" ? [" km", " m"] : [" 公里", " 米"];
    bar.textContent = length >= 1000 ? length / 1000 + units[0] : length + units[1];
  }
  function zoom(factor, cx, cy) {
    var w = Math.min(W, Math.max(W / 400, view.w * factor)), rate = w / view.w;
    view.x = cx - (cx - view.x) * rate;
    view.y = cy - (cy - view.y) * rate;
    view.w = w;
    draw();
  }
  function at(event) {
    var r = svg.getBoundingClientRect();
    return [view.x + (event.clientX - r.left) / r.width * view.w, view.y + (event.clientY - r.top) / r.height * view.h];
  }
  box.querySelectorAll("button").forEach(function (button) {
    button.addEventListener("click", function () {
      var f = +button.dataset.zoom;
      if (f) zoom(f, view.x + view.w / 2, view.y + view.h / 2);
      else { view = { x: 0, y: 0, w: W, h: H }; draw(); }
    });
  });
  document.querySelectorAll("#places button").forEach(function (button) {
    button.addEventListener("click", function () {
      var b = button.dataset.box.split(" ").map(Number), w = 1.15 * Math.max(b[2], b[3] * W / H, W / 100);
      view = { x: b[0] + b[2] / 2 - w / 2, y: b[1] + b[3] / 2 - w * H / W / 2, w: w, h: 0 };
      draw();
      box.scrollIntoView({ block: "nearest" });
    });
  });
  svg.addEventListener("wheel", function (event) {
    if (!event.ctrlKey && view.w >= W) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, at(event)[0], at(event)[1]);
  }, { passive: false });
  svg.addEventListener("dblclick", function (event) { zoom(0.5, at(event)[0], at(event)[1]); });
  var fingers = new Map(), moved = false;
  svg.addEventListener("pointerdown", function (event) { fingers.set(event.pointerId, event); moved = false; });
  svg.addEventListener("pointermove", function (event) {
    var before = fingers.get(event.pointerId);
    if (!before || view.w >= W) return;
    var dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    if (Math.abs(dx) + Math.abs(dy) > 2) moved = true;
    if (fingers.size === 1) {
      view.x -= dx * view.w / svg.clientWidth;
      view.y -= dy * view.w / svg.clientWidth;
      draw();
    } else {
      var other = Array.from(fingers.values()).find(function (f) { return f.pointerId !== event.pointerId; });
      var was = Math.hypot(before.clientX - other.clientX, before.clientY - other.clientY);
      var is = Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY);
      if (was > 0 && is > 0) zoom(was / is, at(other)[0], at(other)[1]);
    }
    fingers.set(event.pointerId, event);
  });
  ["pointerup", "pointercancel", "pointerleave"].forEach(function (kind) {
    svg.addEventListener(kind, function (event) { fingers.delete(event.pointerId); });
  });
  var title = null;
  svg.addEventListener("click", function (event) {
    var found = event.target.querySelector && event.target.querySelector("title");
    if (found && !moved) { title = found; picked.textContent = title.textContent; }
  });
  document.addEventListener("languageshown", function () {
    if (title) picked.textContent = title.textContent;
    draw();
  });
  box.classList.add("live");
  addEventListener("resize", draw);
  draw();
})();
