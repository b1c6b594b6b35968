"use strict";
// Sorting: a button in each head. Blanks come last in both directions.
for (const head of document.querySelectorAll("table.board th")) {
  const button = head.querySelector("button");
  if (!button) continue;
  button.addEventListener("click", () => {
    const table = head.closest("table"), body = table.tBodies[0], column = head.cellIndex;
    const first = head.dataset.first, now = head.getAttribute("aria-sort");
    const order = now === null ? first : now === "ascending" ? "descending" : "ascending";
    for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    const key = row => row.cells[column].dataset.v, sign = order === "ascending" ? 1 : -1;
    const compare = (a, b) => a === "" || b === "" ? (a === "") - (b === "")
      : sign * (head.dataset.kind === "text" ? a.localeCompare(b) : Number(a) - Number(b));
    body.append(...[...body.rows].sort((a, b) => compare(key(a), key(b))));
  });
}
// Filtering: what does not fit is hidden in every table of its group; anchors stay.
const form = document.querySelector("form");
if (form) {
  const apply = () => {
    const words = form.elements.words.value.toLowerCase().split(/\s+/), tier = form.elements.tier.value;
    const suite = form.elements.suite.value, front = form.elements.front.checked;
    let shown = 0;
    for (const section of document.querySelectorAll("section")) {
      section.hidden = suite !== "" && section.dataset.suite !== suite;
      for (const row of section.querySelectorAll("[data-words]")) {
        const fits = words.every(word => row.dataset.words.includes(word))
          && (tier === "" || row.dataset.tier === tier) && (!front || "front" in row.dataset);
        row.hidden = !(fits || "anchor" in row.dataset);
        shown += !section.hidden && !row.hidden && row.matches("table.board tr");
      }
    }
    form.querySelector("output").textContent = `${shown} rows`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", event => event.preventDefault());
  apply();
}
