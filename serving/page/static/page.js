/** Puts the page together: what its address says is what it shows. */

import { readAddress, writeAddress } from "./address.js";
import { hasKey, useKey } from "./api.js";
import { askModel } from "./model.js";
import { visible } from "./names.js";
import { NewcomerPanel } from "./newcomer_panel.js";
import { showProblem, tell } from "./problem.js";
import { UserPanel } from "./user_panel.js";
import { pageTexts } from "./words.js";

const find = (id) => document.getElementById(id);
const tabs = [find("tab-newcomer"), find("tab-user")];
let panels = null; // made when the model is known
let words = null; // as are these
let shown = readAddress();

function show() {
  const chosen = shown.newcomer ? 0 : 1;
  tabs.forEach((tab, i) => {
    tab.setAttribute("aria-selected", String(i === chosen));
    tab.tabIndex = i === chosen ? 0 : -1;
    find(tab.getAttribute("aria-controls")).hidden = i !== chosen;
  });
  document.title = `${[whoseFilms(), shown.genre].filter(Boolean).join(", ")} – recsys`;
  panels?.[chosen].show(shown);
}

function whoseFilms() {
  if (words === null || (shown.newcomer ? shown.rated.size === 0 : shown.user === null)) return "Recommendations";
  return `${words.Many} for ${shown.newcomer ? "you" : `user ${visible(shown.user)}`}`;
}

function change(changes, { replace = false } = {}) {
  shown = { ...shown, ...changes };
  writeAddress(shown, { replace });
  show();
}

function chooseTab(chosen) {
  tabs[chosen].focus();
  if (shown.newcomer !== (chosen === 0)) change({ newcomer: chosen === 0, genre: "", film: null });
}

function keyOnTab(event) {
  const at = tabs.indexOf(event.currentTarget);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  chooseTab((to + tabs.length) % tabs.length);
}

function describe(model) {
  ({ words } = model);
  const texts = pageTexts(words);
  for (const place of document.querySelectorAll("[data-text]")) place.textContent = texts[place.dataset.text];
  find("movielens").hidden = !words.isMovieLens;
  const rmse = model.metrics.test_rmse_as_served;
  const off = model.scale.isStars ? "how many stars" : "how much";
  const error = rmse === undefined ? "" : ` Test RMSE ${rmse.toFixed(4)}: about ${off} a prediction is off.`;
  find("model").textContent =
    `${model.kind}, version ${model.version}, trained on ${model.n_ratings.toLocaleString("en")} ratings of ` +
    `${model.n_items.toLocaleString("en")} ${words.many} by ${model.n_users.toLocaleString("en")} users.${error}`;
}

async function start() {
  find("problem").replaceChildren();
  find("loading").hidden = false;
  try {
    const model = await askModel();
    describe(model);
    find("key").hidden = true;
    find("content").hidden = false;
    panels ??= [
      new NewcomerPanel(find("panel-newcomer"), model, change),
      new UserPanel(find("panel-user"), model, change),
    ];
    show();
  } catch (error) {
    showProblem(find("problem"), error, start);
  }
  find("loading").hidden = true;
}

function refuseKey() {
  tell(find("problem"), "That key is not the one of this server.", "Check it for missing characters.");
}

function askForKey() {
  if (hasKey()) refuseKey();
  find("content").hidden = true;
  find("key").hidden = false;
  find("key-input").focus();
}

tabs.forEach((tab, i) => {
  tab.addEventListener("click", () => chooseTab(i));
  tab.addEventListener("keydown", keyOnTab);
});
addEventListener("popstate", () => {
  const read = readAddress();
  // An address holds one tab's state; what the other tab holds is not lost by going back.
  shown = read.newcomer ? { ...read, user: shown.user } : { ...read, rated: shown.rated };
  show();
});
document.addEventListener("key-needed", askForKey);
find("key").addEventListener("submit", (event) => {
  event.preventDefault();
  const key = find("key-input").value.trim();
  find("key-input").value = "";
  if (!/^[ -~]+$/.test(key)) {
    refuseKey(); // no other characters can be sent
    return;
  }
  useKey(key);
  start();
});
start();
