/** Text of a client, fit for a terminal: nothing in it can move the cursor or change colours. */
export function visible(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what has to go
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    return short.startsWith("\\") ? short : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
