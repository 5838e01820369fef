// The elements of the page.

/** The element with an id. */
export const find = (id) => document.getElementById(id);

/** Makes an element. Strings become text nodes: no text of the table can become markup. A function is a listener. */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (typeof value === "function") element.addEventListener(name, value);
        else if (value !== undefined && value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}
