(() => {
  const every = Number(document.body.dataset.every) * 1000;
  const filter = document.querySelector("#filter");
  const field = filter?.querySelector("input");

  const sift = () => {
    if (!field) return;
    const words = field.value.toLowerCase().split(/\s+/);
    let shown = 0;
    const cards = document.querySelectorAll("article");
    for (const card of cards) {
      const text = card.querySelector(".head").textContent.toLowerCase() + " " + card.querySelector(".what").textContent.toLowerCase();
      card.hidden = !words.every((word) => text.includes(word));
      if (!card.hidden) shown++;
    }
    filter.querySelector("span").textContent = shown + " of " + cards.length;
  };

  const renew = async () => {
    if (document.hidden || String(getSelection())) return;
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of ["style", "script"]) {
        if (page.querySelector(part)?.textContent !== document.querySelector(part).textContent) return location.reload();
      }
      const main = document.querySelector("main");
      for (const details of main.querySelectorAll("details")) {
        const next = page.getElementById(details.parentElement.id)?.querySelector("details");
        if (next) next.open = details.open;
      }
      const focused = document.activeElement?.closest?.("article")?.id;
      main.replaceWith(document.adoptNode(page.querySelector("main")));
      if (focused) document.getElementById(focused)?.querySelector("summary").focus({ preventScroll: true });
      document.body.dataset.every = page.body.dataset.every;
      sift();
    } catch {
      document.querySelector("#lost").hidden = false;
    }
  };

  if (filter) {
    filter.hidden = false;
    field.addEventListener("input", sift);
    sift();
  }
  const again = () => setTimeout(() => renew().finally(again), every);
  again();
})();
