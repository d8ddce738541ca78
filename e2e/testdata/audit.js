// Looks at a page as it is laid out now and returns what is wrong with it, and where its texts stand in which colour, for
// the contrast to be measured on the pixels behind them. It adds one style sheet that nothing but a second call replaces.
(() => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, ::before, ::after { content-visibility: visible !important; animation: none !important; transition: none !important; caret-color: transparent !important }");
  document.adoptedStyleSheets = [sheet];

  const problems = [];
  const width = document.documentElement.clientWidth;
  const say = (element, what) => {
    const text = element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
    problems.push(`<${element.localName} class="${element.getAttribute("class") || ""}">${text}: ${what}`);
  };

  if (!document.title.trim()) problems.push("the page has no title");
  if (!document.documentElement.lang) problems.push("the page says no language");
  if (document.querySelectorAll("h1").length !== 1) problems.push("the page has not one h1");
  if (!document.querySelector("meta[name=viewport]")) problems.push("the page has no meta viewport");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids)) if (ids.filter((other) => other === id).length > 1) problems.push(`the id ${id} is there twice`);
  const sideways = document.scrollingElement.scrollWidth - width;
  if (sideways > 0) problems.push(`the page is ${sideways} px wider than its window`);
  if (window.hostile || document.querySelector("[data-hostile]")) problems.push("a hostile text has become part of the page");

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const visible = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const ink = (element, pseudo) => {
    const style = getComputedStyle(element, pseudo);
    const color = rgba(element instanceof SVGElement ? style.fill : style.webkitTextFillColor);
    color[3] *= pseudo ? style.opacity : 1;
    for (let e = element; e; e = e.parentElement) color[3] *= getComputedStyle(e).opacity;
    return color;
  };
  // What of a rectangle its ancestors let through.
  const clip = (rect, element) => {
    let { left, top, right, bottom } = rect;
    for (let e = element; e && e !== document.documentElement; e = e.parentElement) {
      const style = getComputedStyle(e);
      if (style.display === "inline" || style.display === "contents") continue;
      const box = e.getBoundingClientRect();
      if (style.overflowX !== "visible") { left = Math.max(left, box.left); right = Math.min(right, box.right); }
      if (style.overflowY !== "visible") { top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom); }
    }
    return { left, top, right, bottom };
  };

  for (const element of document.body.querySelectorAll("*")) {
    if (!visible(element) || element.closest("svg") !== null && element.localName !== "svg") continue;
    const rect = element.getBoundingClientRect();
    if (rect.width <= 1 || rect.height <= 1) continue; // for screen readers alone, or empty
    const seen = clip(rect, element.parentElement);
    if (seen.right > width + 0.5 || seen.left < -0.5) say(element, `reaches from ${seen.left} to ${seen.right} px, the window is ${width} px wide`);
    const style = getComputedStyle(element);
    if (style.display === "inline" || element.localName === "svg" || element.clientWidth === 0) continue;
    if (element.scrollWidth > element.clientWidth + 1) {
      if (style.overflowX === "visible") say(element, `holds ${element.scrollWidth} px in ${element.clientWidth} px`);
      const named = element.closest("[title], [aria-label]");
      const cut = style.overflowX === "hidden" || style.overflowX === "clip";
      if (cut && !(style.textOverflow === "ellipsis" && named)) say(element, "is cut off, and the whole is nowhere to be read");
    }
    if (element.scrollHeight > element.clientHeight + 1 && (style.overflowY === "hidden" || style.overflowY === "clip")) say(element, "is cut off below");
  }

  const texts = [];
  const note = (element, text, rects, color, least) => {
    if (rects.length) texts.push({ text: `<${element.localName}> ${text.trim().replace(/\s+/g, " ").slice(0, 60)}`, rects, color, least });
  };
  const place = (rects, element) => [...rects]
    .map((rect) => clip(rect, element))
    .filter((r) => r.right - r.left > 1 && r.bottom - r.top > 1)
    .map((r) => [r.left + scrollX, r.top + scrollY, r.right - r.left, r.bottom - r.top]);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const lines = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (!node.data.trim() || !visible(element) || ["script", "style", "title"].includes(element.localName)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = place(range.getClientRects(), element);
    note(element, node.data, rects, ink(element), 4.5);
    for (const rect of rects) lines.push({ rect, node, element, text: node.data.trim().slice(0, 40) });
  }
  const inside = (element) => {
    const box = element.getBoundingClientRect(), left = box.left + element.clientLeft, top = box.top + element.clientTop;
    return element.clientWidth ? { left, top, right: left + element.clientWidth, bottom: top + element.clientHeight } : box;
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (!visible(element)) continue;
    for (const pseudo of ["::before", "::after", "::placeholder"]) {
      if (pseudo === "::placeholder" && !element.placeholder) continue;
      const { content } = getComputedStyle(element, pseudo);
      const text = pseudo === "::placeholder" ? element.placeholder : (content.match(/^"(.+)"/) || [])[1];
      if (!text || !text.trim()) continue;
      // A sign needs 3:1, a text 4.5:1. Where exactly a pseudo-element stands is not to be had: somewhere in its element.
      note(element, `${pseudo} ${text}`, place([inside(element)], element), ink(element, pseudo), /[\p{L}\p{N}]/u.test(text) ? 4.5 : 3);
    }
  }
  for (let i = 0; i < lines.length; i++) {
    for (let j = i + 1; j < lines.length; j++) {
      const [a, b] = [lines[i], lines[j]];
      if (a.node === b.node) continue; // a text with an ellipsis has two boxes
      const [x, y, w, h] = a.rect, [x2, y2, w2, h2] = b.rect;
      const wide = Math.min(x + w, x2 + w2) - Math.max(x, x2), high = Math.min(y + h, y2 + h2) - Math.max(y, y2);
      if (wide > 3 && high > 0.4 * Math.min(h, h2)) say(a.element, `"${a.text}" and "${b.text}" lie on each other`);
    }
  }

  sheet.insertRule("*, ::before, ::after, ::placeholder { color: transparent !important; -webkit-text-fill-color: transparent !important; text-shadow: none !important; text-decoration-color: transparent !important }", 0);
  sheet.insertRule("svg text, svg tspan { fill: transparent !important }", 0);
  return { problems, texts, height: document.documentElement.scrollHeight };
})()
