"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { classes, columns, suspects, shown } = data;
  const at = Object.fromEntries(data.fields.map((name, place) => [name, place]));
  const get = (one, name) => one[at[name]];
  const find = (id) => document.getElementById(id);
  const BATCH = 60;

  // What was decided, by the place in the list: ["keep"], ["correct", class] or ["drop"].
  const decisions = new Map();
  let unsaved = false;
  try {
    const kept = JSON.parse(localStorage.getItem(data.key) || "[]");
    for (const [place, decision] of kept) if (suspects[place]) decisions.set(place, decision);
  } catch { /* a browser that keeps nothing of files */ }

  function remember() {
    unsaved = true;
    try {
      localStorage.setItem(data.key, JSON.stringify([...decisions]));
    } catch { /* likewise */ }
  }

  // An estimate is never certain.
  const percent = (share) => share > 0.99 ? "> 99 %" : share < 0.01 ? "< 1 %" : `${Math.round(100 * share)} %`;

  function element(tag, name, text) {
    const made = document.createElement(tag);
    if (name) made.className = name;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function options(select, first, names) {
    if (first !== null) select.append(new Option(first, ""));
    names.forEach(([value, text]) => select.append(new Option(text, value)));
  }

  function counted(name) {
    const counts = new Map();
    for (const one of suspects) counts.set(get(one, name), (counts.get(get(one, name)) || 0) + 1);
    return [...counts].sort(([one], [other]) => one - other)
      .map(([value, count]) => [value, `${classes[value]} (${count})`]);
  }
  options(find("by-label"), "all", counted("label"));
  options(find("by-suggestion"), "all", counted("suggestion"));

  const texts = suspects.map((one) => {
    const cells = shown[get(one, "shown")];
    const inside = Array.isArray(cells) ? cells.join(" ") : "";
    return `${get(one, "example")} ${inside}`.toLowerCase();
  });
  const orders = {
    rank: (one, other) => one - other,
    label: (one, other) => get(suspects[one], "label") - get(suspects[other], "label") || one - other,
    suggestion: (one, other) =>
      get(suspects[one], "suggestion") - get(suspects[other], "suggestion") || one - other,
    example: (one, other) => String(get(suspects[one], "example"))
      .localeCompare(String(get(suspects[other], "example")), undefined, { numeric: true }),
  };

  let listed = [], drawn = 0;

  function list() {
    const label = find("by-label").value, suggestion = find("by-suggestion").value;
    const state = find("by-state").value, wanted = find("find").value.trim().toLowerCase();
    listed = [];
    suspects.forEach((one, place) => {
      const decided = decisions.has(place) ? decisions.get(place)[0] : "open";
      if (label && get(one, "label") !== Number(label)) return;
      if (suggestion && get(one, "suggestion") !== Number(suggestion)) return;
      if (state && decided !== state) return;
      if (wanted && !texts[place].includes(wanted)) return;
      listed.push(place);
    });
    listed.sort(orders[find("order").value]);
    find("cards").replaceChildren();
    drawn = 0;
    fill();
    count();
  }

  function count() {
    const number = (value) => value.toLocaleString("en");
    find("count").textContent =
      `${number(listed.length)} of ${number(suspects.length)} shown, ${number(decisions.size)} decided`;
  }

  function draw() {
    const next = listed.slice(drawn, drawn + BATCH);
    drawn += next.length;
    find("cards").append(...next.map(card));
  }

  // Cards are made when they are scrolled to.
  function fill() {
    while (drawn < listed.length && find("more").getBoundingClientRect().top < innerHeight + 1200) draw();
  }

  function picture(one, content) {
    const box = element("div", "shown");
    if (typeof content === "string") {
      const image = new Image();
      image.src = content;
      image.alt = get(one, "example");
      image.onload = () => { if (image.naturalWidth <= 64 && image.naturalHeight <= 64) image.className = "small"; };
      box.classList.add("picture");
      box.append(image);
    } else if (Array.isArray(content) && columns.length === 1) {
      box.textContent = content[0];
    } else if (Array.isArray(content)) {
      const cells = element("dl");
      content.forEach((cell, place) => cells.append(
        element("dt", "", columns[place]), element("dd", "", cell)));
      box.append(cells);
    } else {
      return null;
    }
    return box;
  }

  function card(place) {
    const one = suspects[place];
    const made = element("li", "card");
    const content = picture(one, shown[get(one, "shown")]);
    if (content) made.append(content);
    made.append(element("p", "called", `${get(one, "rank")} · ${get(one, "example")}`));
    const said = element("p", "said");
    if (get(one, "probability") !== "") {
      const share = element("span", "share", percent(get(one, "probability")));
      share.title = "estimated probability that the label is wrong";
      said.append(share);
    }
    said.append(element("b", "", classes[get(one, "label")]), " → ",
      element("b", "", classes[get(one, "suggestion")]));
    const choose = element("div", "choose");
    const classOf = element("select");
    classOf.setAttribute("aria-label", "class to correct to");
    classes.forEach((name, number) => {
      if (number !== get(one, "label")) classOf.append(new Option(name, number));
    });
    const buttons = ["keep", "correct", "drop"].map((decision) => {
      const button = element("button", decision, decision[0].toUpperCase() + decision.slice(1));
      button.type = "button";
      button.onclick = () => {
        const now = decisions.get(place);
        decide(place, now && now[0] === decision ? "" : decision, Number(classOf.value));
        changed();
      };
      return button;
    });
    classOf.onchange = () => {
      decide(place, "correct", Number(classOf.value));
      changed();
    };
    function changed() {
      remember();
      show();
      count();
    }
    function show() {
      const now = decisions.get(place);
      made.className = `card ${now ? now[0] : ""}`;
      classOf.value = now && now[0] === "correct" ? now[1] : get(one, "suggestion");
      buttons.forEach((button) => button.setAttribute("aria-pressed", Boolean(now) && button.classList.contains(now[0])));
    }
    show();
    choose.append(buttons[0], buttons[2], buttons[1], classOf);
    made.append(said, choose);
    return made;
  }

  function decide(place, decision, target) {
    if (!decision) decisions.delete(place);
    else decisions.set(place, decision === "correct" ? [decision, target] : [decision]);
  }

  function csv() {
    const cell = (value) => {
      const text = String(value);
      return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    };
    const lines = [data.header];
    const places = [...decisions.keys()].sort((one, other) => one - other);
    for (const place of places) {
      const one = suspects[place], [decision, target] = decisions.get(place);
      const given = classes[get(one, "label")];
      const label = { keep: given, correct: classes[target], drop: "" }[decision];
      const clean = get(one, "clean_label");
      lines.push([get(one, "rank"), get(one, "example"), get(one, "part"), get(one, "id"), label,
        classes[get(one, "suggestion")], get(one, "margin"), given, clean < 0 ? "" : classes[clean],
        get(one, "probability"), decision]);
    }
    return lines.map((line) => line.map(cell).join(",") + "\r\n").join("");
  }

  // Names of files need not be text: their bytes are saved as they were.
  function bytes(text) {
    const encoder = new TextEncoder();
    return text.split(/([\udc80-\udcff])/u).map((part, place) =>
      place % 2 ? Uint8Array.of(part.charCodeAt(0) - 0xdc00) : encoder.encode(part));
  }

  find("save").onclick = () => {
    const link = element("a");
    // The mark lets spreadsheets know that it is UTF-8.
    link.href = URL.createObjectURL(new Blob(["\ufeff", ...bytes(csv())], { type: "text/csv" }));
    link.download = data.saved;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
  };
  document.querySelectorAll("[data-all]").forEach((button) => {
    button.onclick = () => {
      for (const place of listed) decide(place, button.dataset.all, get(suspects[place], "suggestion"));
      remember();
      list();
    };
  });
  for (const id of ["by-label", "by-suggestion", "by-state", "order"]) find(id).onchange = list;
  find("find").oninput = list;
  addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  addEventListener("scroll", fill, { passive: true });
  addEventListener("resize", fill);
  list();
  window.audit = { csv, bytes };
})();
