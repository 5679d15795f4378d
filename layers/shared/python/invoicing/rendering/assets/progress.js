// While a run is under way, fetches this page every third second and puts its live parts in place; when it has
// ended, loads the page anew. While a form that takes long is on its way, shows that it is.
// Without this script the page works the same; the reader follows its link to see the latest.
"use strict";
(() => {
  const running = (page) => page.querySelector("[data-live][data-running]") !== null;
  const refresh = async () => {
    let fresh;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin" });
      if (answer.redirected) return location.reload(); // signed out meanwhile
      if (!answer.ok) throw answer;
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      setTimeout(refresh, 15000);
      return;
    }
    if (!running(fresh)) {
      location.reload();
      return;
    }
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (next && !part.contains(document.activeElement)) part.replaceChildren(...next.childNodes);
    }
    setTimeout(refresh, 3000);
  };
  if (running(document)) setTimeout(refresh, 3000);

  for (const form of document.querySelectorAll("form[data-shows]")) {
    const shown = document.getElementById(form.dataset.shows);
    form.addEventListener("submit", () => {
      shown.hidden = false;
      form.querySelector("button").disabled = true;
    });
    // Back again from another page, the browser may show this one as it was left.
    addEventListener("pageshow", () => {
      shown.hidden = true;
      form.querySelector("button").disabled = false;
    });
  }
})();
