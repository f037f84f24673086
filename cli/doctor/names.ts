/** `orders (client)` -> `orders`: a sentence may say which of a service's certificates it means. */
export function bareName(whose: string): string {
  return whose.replace(/ \([^)]*\)$/, "");
}
