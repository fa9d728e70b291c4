"use strict";
(() => {
  const table = document.getElementById("oc-submissions");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const text = document.getElementById("oc-text");
  const kind = document.getElementById("oc-kind");
  const shown = document.getElementById("oc-shown");
  document.getElementById("oc-filter").hidden = false;

  const filter = () => {
    const words = text.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const content = row.textContent.toLocaleLowerCase();
      row.hidden = !(words.every(word => content.includes(word)) && (!kind.value || row.dataset.kind === kind.value));
      count += row.hidden ? 0 : 1;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };
  text.addEventListener("input", filter);
  kind.addEventListener("change", filter);
  filter();

  const value = (row, column) => {
    const cell = row.cells[column];
    return "sort" in cell.dataset ? Number(cell.dataset.sort) : cell.textContent.trim();
  };
  const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, undefined, {numeric: true});
  for (const [column, head] of Array.from(table.tHead.rows[0].cells).entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((a, b) => (down ? -1 : 1) * compare(value(a, column), value(b, column)));
      body.append(...rows);
    });
  }
})();
