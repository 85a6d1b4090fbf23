type Child = Node | string | undefined | false;
type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

/** Makes an element. What is a function listens to the event of its name; texts stay texts. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, '');
    else if (value !== undefined && value !== false) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return made;
}

/** A button of a short text, whose name for screen readers says what it is for too. */
export function button(text: string, about: string, click: () => void, kind = ''): HTMLButtonElement {
  const attributes = { type: 'button', class: kind || undefined, click };
  return el('button', attributes, text, about !== '' && el('span', { class: 'unseen' }, ` ${about}`));
}

/** Has a list hold these elements, in this order. None that stays is touched, so that the keyboard stays where it is. */
export function fill(list: Element, elements: Iterable<Element>): void {
  const wanted = new Set(elements);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  let at = list.firstElementChild;
  for (const element of wanted) {
    if (element === at) at = at.nextElementSibling;
    else list.insertBefore(element, at);
  }
}

/** The button in the place of one whose file's row was made anew: the browser gives the keyboard back to none. */
export function successor(gone: Element): HTMLButtonElement | undefined {
  const id = gone.closest('[data-id]')?.getAttribute('data-id');
  const rows = [...document.querySelectorAll('[data-id]')].filter((row) => row.getAttribute('data-id') === id);
  const buttons = rows.flatMap((row) => [...row.querySelectorAll('button')]);
  return buttons.find(({ textContent }) => textContent === gone.textContent);
}

const live = el('p', { role: 'status', class: 'unseen' });

/** Has screen readers say something, without moving anybody. */
export function announce(text: string): void {
  if (!live.isConnected) document.body.append(live);
  live.textContent = text;
}
