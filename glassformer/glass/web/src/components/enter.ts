// What Enter in a text field does.

/**
 * A handler of keys that calls `act` on Enter, but not on the one that ends a composed character. Fields use this and no
 * `<form>`: in a notebook the page stands in a sandboxed frame, where browsers submit no form.
 */
export const onEnter = (act: () => void) => (event: KeyboardEvent): void => {
  if (event.key === "Enter" && !event.isComposing) act();
};
