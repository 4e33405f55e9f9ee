// Copy buttons beside commands, and first sentences to say. The page reads well without them.

for (const block of document.querySelectorAll("pre[data-copy]")) {
  const code = block.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = block.dataset.copy;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // No clipboard without https: leave it selected for the person to copy.
      getSelection().selectAllChildren(code);
      return;
    }
    button.textContent = block.dataset.copied;
    setTimeout(() => (button.textContent = block.dataset.copy), 1600);
  });
  // A command may be wider than its box; the keyboard must reach what is hidden.
  code.tabIndex = 0;
  block.append(button);
}

customElements.whenDefined("front-door").then(() => {
  const chat = document.querySelector("front-door");
  document.querySelector(".starters").hidden = false;
  for (const starter of document.querySelectorAll(".starter")) {
    starter.addEventListener("click", () => {
      chat.send(starter.textContent);
      chat.scrollIntoView({ block: "nearest" });
    });
  }
});
