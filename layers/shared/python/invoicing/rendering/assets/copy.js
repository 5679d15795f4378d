// Puts a button beside each text that is there to be copied. Without this script the text can be marked and copied.
"use strict";
const { copy, copied } = document.querySelector("script[data-copy]").dataset;
for (const text of document.querySelectorAll(".copy")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = copy;
  button.setAttribute("aria-describedby", text.id);
  button.addEventListener("click", async () => {
    text.select();
    try {
      await navigator.clipboard.writeText(text.value);
      button.textContent = copied;
    } catch {
      button.textContent = copy; // it stays marked: the keys of copying do it
    }
  });
  text.after(button);
}
