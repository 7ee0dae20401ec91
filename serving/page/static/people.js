/**
 * Who items are recommended to. Both kinds answer the same questions: `recommendations`, the `prediction` of one item,
 * both with a `deviation` (null where the model has none), and an `explanation` of it with `reasons`; both have the
 * words that an answer is told in, and a `key` that no other person has.
 */

import { ask } from "./api.js";

// Who answered where it is not the model, in words; a mean does where nothing is known of the person or the film.
function byOthers(item) {
  return {
    features: "by what is known beside ratings",
    item_mean: `by the average of this ${item}’s ratings`,
    global_mean: "by the average of all ratings",
  };
}

function ratedLike(item) {
  const rated = `This ${item} is rated`;
  return [`${rated} higher than most`, `${rated} lower than most`, `${rated} like most`];
}

const REASONS = 5; // a screen's worth; the rest weighs less

function deviationOf({ uncertainty }) {
  return uncertainty?.standard_deviation ?? null;
}

export class KnownUser {
  constructor(id, { words }) {
    this.id = id;
    this.key = `user ${id}`;
    this.words = {
      item: ratedLike(words.one),
      rates: ["This user rates higher than most", "This user rates lower than most", "This user rates as most do"],
      taste: ["It is to this user’s taste", "It is not to this user’s taste", "Taste makes no difference"],
      chosen: `Those who rated these of this user’s ${words.many} rated it, too`,
      reasons: "Ratings of this user that speak for it, the strongest first",
      noReasons: "None of this user’s ratings speaks for it in particular.",
      by: {
        ...byOthers(words.one),
        model: "by the model",
        fold_in: "from this user’s ratings",
        user_mean: "by the average of this user’s ratings",
      },
      error: (error) => `Predictions are about ${error} off`,
    };
  }

  async recommendations({ n, offset, genre, order, signal }) {
    const which = { n, offset, genre: genre || null, order, reasons: true };
    const query = { user_id: this.id, ...which, strict: true, uncertainty: true };
    const { recommendations, ...rest } = await ask("recommendations", { query, signal });
    return { ...rest, recommendations: recommendations.map((film) => ({ ...film, deviation: deviationOf(film) })) };
  }

  async prediction(itemId, signal) {
    const query = { user_id: this.id, item_id: itemId, strict: true, uncertainty: true };
    const answer = await ask("ratings", { query, signal });
    return { rating: answer.rating, deviation: deviationOf(answer), source: this.words.by[answer.source] };
  }

  async explanation(itemId, signal) {
    const query = { user_id: this.id, item_id: itemId, n: REASONS, strict: true };
    const answer = await ask("explanation", { query, signal });
    // A weight is above 0 where the rating is above what the averages say and the items alike, or below and unlike.
    const says = ({ similarity }) => (similarity > 0 ? "liked, and similar" : "disliked, and very different");
    return { ...answer, reasons: answer.speaks_for.map((own) => ({ ...own, says: says(own) })) };
  }
}

export class Newcomer {
  /** ratings: Map of item id to rating. */
  constructor(ratings, { words, itemIds }) {
    this.itemIds = itemIds;
    this.given = [...ratings].map(([id, rating]) => ({ item_id: itemIds.sent(id), rating }));
    this.key = JSON.stringify([...ratings]);
    this.words = {
      item: ratedLike(words.one),
      rates: ["You rate higher than most", "You rate lower than most", "You rate as most do"],
      taste: ["It is to your taste", "It is not to your taste", "Taste makes no difference"],
      chosen: `Those who rated these of your ${words.many} rated it, too`,
      reasons: "What each of your ratings adds to the last two parts",
      noReasons: `You have not rated ${words.a} yet.`,
      by: { fold_in: "from your ratings", user_mean: "by the average of your ratings" },
      // Measured on users with many more ratings than a newcomer gives.
      error: (error) => `Predictions are ${error} off, or more while your ratings are few`,
    };
  }

  async recommendations({ n, offset, genre, order, signal }) {
    const body = { ratings: this.given, n, offset, genre: genre || null, order, reasons: true };
    const { recommendations, ...rest } = await ask("fold-in", { body, signal });
    return { ...rest, recommendations: recommendations.map((film) => ({ ...film, deviation: null })) };
  }

  /** What to ask for next, but for items to `exclude`. */
  questions({ n, exclude, signal }) {
    const body = { ratings: this.given, exclude: exclude.map((id) => this.itemIds.sent(id)), n };
    return ask("fold-in/next", { body, signal });
  }

  async prediction(itemId, signal) {
    const body = { ratings: this.given, item_ids: [this.itemIds.sent(itemId)], n: 1 };
    const answer = await ask("fold-in", { body, signal });
    const [{ rating, source }] = answer.predictions;
    return { rating, deviation: null, source: this.given.length ? this.words.by[source] : "by everybody’s ratings" };
  }

  async explanation(itemId, signal) {
    const body = { ratings: this.given, item_id: this.itemIds.sent(itemId), n: REASONS };
    const answer = await ask("fold-in/explanation", { body, signal });
    const reasons = answer.contributions.map((own) => ({ ...own, adds: own.contribution }));
    const named = answer.contributions.reduce((sum, { contribution }) => sum + contribution, 0);
    const others = this.given.length - reasons.length;
    return { ...answer, reasons, others, byOthers: answer.parts.user + answer.parts.interaction - named };
  }
}
