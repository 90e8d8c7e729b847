/** What TypeDoc does not know of the guides: each has the name that its first line gives it. */

import { Converter } from "typedoc";

export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_context, document) => {
    const [, title] = /^\s*# (.+)\n/.exec(document.content[0]?.text ?? "") ?? [];
    if (!title) throw new Error(`${document.name}: the first line of a guide is its name`);
    document.name = title;
  });
}
