// While a run is under way, fetches this page every third second and puts its live parts in place.
// Without this script the page works the same; the reader follows its link to see the latest.
"use strict";
(() => {
  const running = (page) => page.querySelector("[data-live][data-running]") !== null;
  const refresh = async () => {
    let fresh;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      setTimeout(refresh, 15000);
      return;
    }
    if (!running(fresh)) {
      location.replace(location.pathname);
      return;
    }
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (next && !part.contains(document.activeElement)) part.replaceChildren(...next.childNodes);
    }
    setTimeout(refresh, 3000);
  };
  if (running(document)) setTimeout(refresh, 3000);
})();
