/**
 * Make an element. Functions become listeners, true and false say whether an attribute is there, and children that are
 * strings become text: a title is data and never read as HTML.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The only child of a template, copied. */
export function fromTemplate(id) {
  return document.getElementById(id).content.cloneNode(true).firstElementChild;
}
