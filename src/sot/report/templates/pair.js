"use strict";
// One time for all: the players, the cursors over the pictures, the slider and the frame below it.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const slider = document.getElementById("frame");
  const readout = document.getElementById("readout");
  const view = document.getElementById("view");
  const players = [...document.querySelectorAll("audio")];
  const cursors = [...document.querySelectorAll(".cursor")];
  const groups = data.places.length;
  const spectra = decoded(data.spectra);
  const asked = new Map(); // times to which this script, not its reader, has sent a player
  let shown = -1;

  function decoded(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const numbers = new DataView(bytes.buffer);
    return Float64Array.from({ length: bytes.length / 2 }, (_, i) => numbers.getUint16(2 * i, true) / 65535);
  }

  function shares(frame, side) {
    const start = (2 * frame + side) * groups;
    return spectra.subarray(start, start + groups);
  }

  function nearest(time) {
    let low = 0;
    let high = data.times.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (data.times[middle] + data.times[middle + 1] < 2 * time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // The picture of one frame.

  function element(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function peaks(values, x, base, height, top) {
    const points = [...values].map((value, i) => `L${x(data.places[i])},${base - (height * value) / top}`);
    return `M${x(data.places[0])},${base}${points.join("")}L${x(data.places[groups - 1])},${base}Z`;
  }

  function steps(values, x, base, height, right) {
    let sum = 0;
    const parts = [...values].map((value, i) => {
      sum += value;
      return `H${x(data.places[i])}V${base - height * Math.min(sum, 1)}`;
    });
    return `M${x(0)},${base}${parts.join("")}H${right}`;
  }

  function lines(plan, x, from, to) {
    const made = [];
    const add = (a, b, mass) =>
      made.push(element("line", { class: "move", x1: x(a), y1: from, x2: x(b), y2: to, "stroke-width": 0.4 + 9 * Math.sqrt(mass) }));
    for (let i = 0; i < plan.length; i += 3) {
      const [source, target] = [plan[i] / 10000, plan[i + 1] / 10000];
      const turn = data.circular && Math.abs(target - source) > 0.5 ? Math.sign(target - source) : 0;
      add(source, target - turn, plan[i + 2] / 1000);
      if (turn) add(source + turn, target, plan[i + 2] / 1000);
    }
    return made;
  }

  function draw(frame) {
    const width = Math.max(240, view.clientWidth);
    const [left, right] = [64, width - 12];
    const [crown, upper, lower, foot, high, low] = [14, 104, 184, 274, 306, 396];
    const x = (place) => left + (right - left) * place;
    const [up, down] = [shares(frame, 0), shares(frame, 1)];
    const top = Math.max(...up, ...down) || 1;
    const picture = element("svg", { viewBox: `0 0 ${width} 436`, height: 436 });
    const clip = element("clipPath", { id: "inside" });
    clip.append(element("rect", { x: left, y: 0, width: right - left, height: 400 }));
    const inside = element("g", { "clip-path": "url(#inside)" });
    inside.append(
      ...lines(data.plans[frame], x, lower, upper),
      element("path", { class: "reference", d: peaks(up, x, upper, upper - crown, top) }),
      element("path", { class: "estimate", d: peaks(down, x, lower, lower - foot, top) }),
    );
    const [first, second] = [up, down].map((side) => steps(side, x, low, low - high, right));
    if (data.losses[frame] !== null) inside.append(area(up, down, x, low, low - high));
    inside.append(
      element("path", { class: "cdf reference", d: first }),
      element("path", { class: "cdf estimate", d: second }),
    );
    picture.append(clip, inside, ...axes(x, left, right, top, { crown, upper, lower, foot, high, low }));
    view.replaceChildren(picture);
  }

  function area(up, down, x, base, height) {
    const parts = [];
    let [first, second] = [0, 0];
    for (let i = 0; i < groups; i++) {
      first += up[i];
      second += down[i];
      const stop = i + 1 < groups ? data.places[i + 1] : 1;
      const [a, b] = [base - height * first, base - height * second];
      parts.push(`M${x(data.places[i])},${a}H${x(stop)}V${b}H${x(data.places[i])}Z`);
    }
    return element("path", { class: "between", d: parts.join("") });
  }

  function axes(x, left, right, top, at) {
    const made = [];
    const text = (px, py, words, anchor = "middle") => made.push(element("text", { x: px, y: py, "text-anchor": anchor }, words));
    const line = (x1, y1, x2, y2) => made.push(element("line", { class: "axis", x1, y1, x2, y2 }));
    for (const y of [at.upper, at.lower, at.low]) line(left, y, right, y);
    for (const y of [at.crown, at.foot]) {
      line(left - 5, y, left, y);
      text(left - 8, y + 4, Number(top.toPrecision(2)), "end");
    }
    for (const y of [at.upper, at.lower]) text(left - 8, y + 4, "0", "end");
    for (const [y, words] of [[at.high, "1"], [(at.high + at.low) / 2, "0.5"], [at.low, "0"]]) {
      line(left - 5, y, left, y);
      text(left - 8, y + 4, words, "end");
    }
    line(left, at.high, left, at.low);
    for (const [place, words] of data.ticks) {
      line(x(place), at.low, x(place), at.low + 5);
      text(x(place), at.low + 18, words);
    }
    text((left + right) / 2, at.low + 36, data.label);
    for (const [y, words] of [[(at.crown + at.foot) / 2, "share of energy"], [(at.high + at.low) / 2, "cumulative"]]) {
      made.push(element("text", { transform: `translate(14 ${y}) rotate(-90)`, "text-anchor": "middle" }, words));
    }
    return made;
  }

  function words(frame) {
    const [loss, move] = [data.losses[frame], data.moves[frame]];
    const told = [`${data.times[frame].toFixed(3)} s`, loss === null ? "does not count: silence" : `loss ${loss}`];
    if (move !== null) {
      const size = `${Number(Math.abs(move).toPrecision(3))} ${data.unit}`;
      told.push(move === 0 ? "the energy stays" : `the energy of the estimate has to move ${move > 0 ? "up" : "down"} by ${size} on average`);
    }
    return told.join(", ");
  }

  function show(frame) {
    if (frame === shown) return;
    shown = frame;
    const told = words(frame);
    slider.value = frame;
    slider.setAttribute("aria-valuetext", told);
    readout.textContent = told;
    view.setAttribute("aria-label", `Spectra of one frame, the moves between them and their cumulative distributions: ${told}`);
    draw(frame);
  }

  // The time.

  function point(time) {
    const share = Math.min(Math.max(time / data.duration, 0), 1);
    for (const cursor of cursors) cursor.style.left = `${100 * share}%`;
    show(nearest(time));
  }

  function send(some, time) {
    for (const player of some) {
      asked.set(player, time);
      player.currentTime = time;
    }
    point(time);
  }

  function follow(player) {
    if (player.paused) return;
    point(player.currentTime);
    requestAnimationFrame(() => follow(player));
  }

  for (const player of players) {
    player.addEventListener("play", () => {
      for (const other of players) if (other !== player) other.pause();
      follow(player);
    });
    player.addEventListener("seeking", () => {
      const time = asked.get(player);
      const ours = time !== undefined && (Math.abs(player.currentTime - time) < 0.01 || time > player.duration);
      // Not itself: while it plays its time goes on, and it would never arrive.
      if (!ours) send(players.filter((other) => other !== player), player.currentTime);
    });
  }

  slider.addEventListener("input", () => send(players, data.times[Number(slider.value)]));
  for (const area of document.querySelectorAll(".area")) {
    const seek = (event) => {
      if (event.buttons !== 1) return;
      const box = area.getBoundingClientRect();
      send(players, Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * data.duration);
    };
    area.addEventListener("pointerdown", seek);
    area.addEventListener("pointermove", seek);
  }
  new ResizeObserver(() => draw(shown)).observe(view);
  const heard = data.losses.findIndex((loss) => loss !== null);
  point(data.times[Math.max(heard, 0)]);
})();
