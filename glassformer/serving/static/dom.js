// Elements made by hand: what is text stays text.

/**
 * An element with its attributes and what is in it. An attribute that is null or false is left out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null>} [attributes]
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((one) => one !== null));
  return made;
}

/**
 * The element of the page that has this id.
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 */
export const byId = (id) => /** @type {Kind} */ (document.getElementById(id));

/** A share as text, never rounded to none or all: 0.877 is 87.7 %. @param {number} share */
export function percent(share) {
  if (share < 0.0001) return "less than 0.01 %";
  if (share > 0.9999) return "more than 99.99 %";
  return `${(100 * share).toFixed(share >= 0.9995 || share < 0.01 ? 2 : 1)} %`;
}
