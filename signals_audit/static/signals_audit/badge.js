/* Keeps the number of unread notifications up to date: asks once a minute, less often when nothing changes,
   and not at all while nobody looks. */
(function () {
  "use strict";
  const FIRST = 60000, LAST = 600000;
  const place = document.querySelector("[data-signals-audit-badge]");
  if (!place) { return; }
  let wait = FIRST, timer = 0, known = null;

  function show(number) {
    const text = number > 99 ? "99+" : String(number);
    let badge = place.querySelector(".sa-badge");
    if (!number) {
      if (badge) { badge.remove(); }
      return;
    }
    if (!badge) {
      badge = document.createElement("span");
      badge.className = "sa-badge";
      place.append(badge);
    }
    badge.textContent = text;
  }

  async function ask() {
    try {
      const answer = await fetch(place.dataset.signalsAuditBadge, { credentials: "same-origin" });
      if (!answer.ok) { return; }
      const number = (await answer.json()).unread;
      wait = number === known ? Math.min(wait * 2, LAST) : FIRST;
      if (known !== null && number !== known) { show(number); }
      known = number;
    } catch (error) {
      wait = Math.min(wait * 2, LAST);
    }
    later();
  }

  function later() {
    window.clearTimeout(timer);
    if (!document.hidden) { timer = window.setTimeout(ask, wait); }
  }

  document.addEventListener("visibilitychange", function () {
    wait = FIRST;
    if (document.hidden) { window.clearTimeout(timer); } else { ask(); }
  });
  later();
})();
