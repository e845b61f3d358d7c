"use strict";
(function () {
  var root = document.documentElement, KEY = "personarium-theme";
  function all(query, from) { return Array.prototype.slice.call((from || document).querySelectorAll(query)); }

  // Theme: what the reader chose last, else what the system says.
  function dark() {
    var chosen = root.getAttribute("data-theme");
    return chosen ? chosen === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function say(button) { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", dark() ? "Switch to the light theme" : "Switch to the dark theme"); }
  try { var kept = localStorage.getItem(KEY); if (kept === "light" || kept === "dark") root.setAttribute("data-theme", kept); } catch (refused) { /* a file opened without storage keeps the system's theme */ }
  all("button.theme").forEach(function (button) {
    button.hidden = false; say(button);
    button.addEventListener("click", function () {
      var next = dark() ? "light" : "dark";
      root.setAttribute("data-theme", next);
      try { localStorage.setItem(KEY, next); } catch (refused) { /* as above */ }
      say(button);
    });
  });

  // The contents: open beside the page, closed above it.
  var narrow = window.matchMedia("(max-width: 1119px)");
  function fold() { all("nav.toc details").forEach(function (d) { d.open = !narrow.matches; }); }
  fold(); narrow.addEventListener("change", fold);

  // Copying a command.
  all(".command button").forEach(function (button) {
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(button.parentNode.querySelector("pre").textContent).then(function () { button.textContent = "Copied"; });
    });
  });

  // Worst answers: search, one task, order.
  all("section.answers").forEach(function (section) {
    var tools = section.querySelector(".tools"), box = section.querySelector(".cards");
    if (!tools || !box) return;
    var cards = all(".card", box), search = tools.querySelector("input"), picks = all("select", tools), out = tools.querySelector("output");
    tools.hidden = false;
    function number(card) { return card.dataset.score === "" ? Infinity : Number(card.dataset.score); }
    var orders = {
      worst: function (a, b) { return number(a) - number(b); },
      best: function (a, b) { return number(b) - number(a); },
      persona: function (a, b) { return a.dataset.persona.localeCompare(b.dataset.persona); }
    };
    function update() {
      var words = search.value.toLowerCase(), task = picks[0].value, shown = 0;
      cards.slice().sort(orders[picks[1].value]).forEach(function (card) { box.appendChild(card); });
      cards.forEach(function (card) {
        var fits = (!task || card.dataset.task === task) && (!words || card.textContent.toLowerCase().indexOf(words) >= 0);
        card.hidden = !fits; shown += fits ? 1 : 0;
      });
      out.textContent = shown + " of " + cards.length + " shown";
    }
    [search].concat(picks).forEach(function (control) { control.addEventListener("input", update); });
    update();
  });

  // Tables: a click on a heading sorts.
  all("table.sortable").forEach(function (table) {
    all("th", table).forEach(function (head, column) {
      var button = document.createElement("button"); button.type = "button";
      button.textContent = head.textContent; head.textContent = ""; head.appendChild(button);
      button.addEventListener("click", function () {
        var up = head.getAttribute("aria-sort") !== "ascending", body = table.tBodies[0];
        all("th", table).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        function key(row) { return row.cells[column].dataset.value; }
        all("tr", body).sort(function (a, b) {
          var x = key(a), y = key(b);
          if (x === "" || y === "") return (x === "" ? 1 : 0) - (y === "" ? 1 : 0); // what was not measured stays last
          var order = isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y;
          return up ? order : -order;
        }).forEach(function (row) { body.appendChild(row); });
      });
    });
  });
})();
