// What can be done before it is asked for, when the page has nothing else to do.

/** Does `what` when the page is idle, unless the function that is returned is called before. */
export function whenIdle(what: () => void): () => void {
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(what, 200); // Safari has no idle callbacks
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(what);
  return () => cancelIdleCallback(idle);
}
