/** The model that answers: what /v1/model says of it, its scale, what its users and items are called, and their ids. */

import { ask } from "./api.js";
import { Ids } from "./ids.js";
import { Scale } from "./scale.js";
import { wordsFor } from "./words.js";

export async function askModel() {
  const said = await ask("model");
  return {
    ...said,
    scale: new Scale(said),
    words: wordsFor(said),
    userIds: new Ids(said.user_id_type),
    itemIds: new Ids(said.item_id_type),
  };
}
