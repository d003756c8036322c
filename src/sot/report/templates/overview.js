"use strict";
// Sorts the table by a column; what has no number, or nothing to say, goes last either way.
(() => {
  const table = document.querySelector(".pairs");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const numbers = new Intl.Collator("en", { numeric: true });

  function compare(a, b, numeric) {
    return numeric ? Number(a) - Number(b) : numbers.compare(a, b);
  }

  function sort(index) {
    const head = heads[index];
    const down = head.getAttribute("aria-sort") === "ascending";
    const numeric = head.classList.contains("number");
    const key = (row) => row.cells[index].dataset.sort;
    const rows = [...body.rows].sort((first, second) => {
      const [a, b] = [key(first), key(second)];
      if (a === "" || b === "") return (a === "") - (b === "");
      return (down ? -1 : 1) * compare(a, b, numeric);
    });
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    body.append(...rows);
  }

  heads.forEach((head, index) => {
    head.querySelector("button").addEventListener("click", () => sort(index));
  });
})();
