// Shows a customer what it used. Asks the API with the token of the session that the address of the page carries.
//
// The token leaves the address bar, and with it the browser's history, before anything else happens. It is kept for the tab alone, so
// that the page can be loaded again.
"use strict";

const TOKEN = "customer_session_token";
const BACK = "return_url";
const PAGE_ROWS = 100;

/** What is said instead of meters. */
const NOTICES = {
  noToken: ["No link", "Open this page by the link that you were given."],
  expired: ["This link has expired", "Ask for a new one where you found it."],
  nothing: ["Nothing was used yet", "What you use is shown here as soon as it is counted."],
  failed: ["Your usage cannot be shown at the moment", "Try again in a little while."],
};

const status = document.getElementById("status");
const notice = document.getElementById("notice");
const meters = document.getElementById("meters");
const card = document.getElementById("meter").content.firstElementChild;
const refresh = document.getElementById("refresh");

/** The token, taken out of the address bar. */
function takeToken() {
  const address = new URL(window.location.href);
  const given = address.searchParams.get(TOKEN);
  if (given !== null) {
    address.searchParams.delete(TOKEN);
    window.history.replaceState(null, "", address);
    window.sessionStorage.setItem(TOKEN, given);
    window.sessionStorage.removeItem(BACK);
  }
  return window.sessionStorage.getItem(TOKEN);
}

/** The way back stands in the page only when it comes with a token. */
function keepWayBack() {
  const link = document.querySelector("#back a");
  if (link !== null) {
    window.sessionStorage.setItem(BACK, link.href);
    return;
  }
  const kept = window.sessionStorage.getItem(BACK);
  if (kept !== null && /^https?:\/\//.test(kept)) {
    const link = document.createElement("a");
    link.href = kept;
    link.rel = "noreferrer";
    link.textContent = "← Back";
    document.getElementById("back").append(link);
  }
}

/** Numbers as they were written, where the browser tells: they may have more digits than its own numbers. */
function parse(text) {
  return JSON.parse(text, (key, value, context) =>
    typeof value === "number" && context?.source !== undefined ? context.source : value,
  );
}

/** For persons: 1,234,567.5. Small numbers keep six digits, others six places after the point. */
function shown(number) {
  const size = Math.abs(Number(number));
  let digits = { maximumFractionDigits: 6 };
  if (size < 1) {
    digits = { maximumSignificantDigits: 6 };
  } else if (size >= 1e18) {
    digits = { maximumSignificantDigits: 6, notation: "scientific" };
  }
  return new Intl.NumberFormat(undefined, digits).format(number);
}

/** Puts a number where it belongs; whoever points at it sees all of its digits. */
function fill(place, number) {
  place.value = String(number);
  place.title = String(number);
  place.textContent = shown(number);
}

/** 64%; not all before it is all. */
function percent(part, whole) {
  const share = Math.floor((100 * Number(part)) / Number(whole)) / 100;
  return new Intl.NumberFormat(undefined, { style: "percent" }).format(Math.max(0, share));
}

function cardOf(item) {
  const made = card.cloneNode(true);
  const part = (selector) => made.querySelector(selector);
  part("h2").textContent = item.meter.name;
  fill(part(".used"), item.consumed_units);
  if (Number(item.credited_units) > 0) {
    fill(part(".credits"), item.credited_units);
    fill(part(".balance"), item.balance);
    const isOver = Number(item.balance) < 0;
    const share = part(".share");
    share.textContent = `${percent(item.consumed_units, item.credited_units)} used`;
    const bar = part("progress");
    bar.max = Number(item.credited_units);
    bar.value = Math.min(bar.max, Math.max(0, Number(item.consumed_units)));
    bar.ariaLabel = `${item.meter.name}: used of credits`;
    made.classList.toggle("over", isOver);
    for (const hidden of [share, bar, ...made.querySelectorAll(".credit")]) {
      hidden.hidden = false;
    }
  }
  if (item.modified_at !== null) {
    const when = new Date(item.modified_at);
    part("time").dateTime = item.modified_at;
    part("time").textContent = when.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
    part(".when").hidden = false;
  }
  return made;
}

/** All pages of the list; nothing when nobody has the token any more. */
async function ask(token) {
  const items = [];
  for (let page = 1; ; page += 1) {
    const query = new URLSearchParams({ sorting: "meter_name", limit: PAGE_ROWS, page });
    const answer = await fetch(`v1/customer-portal/meters/?${query}`, {
      headers: { Authorization: `Bearer ${token}` },
      credentials: "omit",
      cache: "no-store",
    });
    if (answer.status === 401) {
      return null;
    }
    if (!answer.ok) {
      throw new Error(`the server answered ${answer.status}`);
    }
    const listed = parse(await answer.text());
    items.push(...listed.items);
    if (page >= Number(listed.pagination.max_page)) {
      return items;
    }
  }
}

/** Says something, in place of a notice that was there; without meters but for those that are still true. */
function say(name) {
  notice.hidden = name === undefined;
  if (name !== undefined) {
    const [heading, text] = NOTICES[name];
    notice.querySelector("h2").textContent = heading;
    notice.querySelector("p").textContent = text;
  }
}

async function show(token) {
  if (token === null) {
    status.textContent = "";
    say("noToken");
    return;
  }
  refresh.disabled = true;
  try {
    const items = await ask(token);
    if (items === null) {
      window.sessionStorage.removeItem(TOKEN);
      meters.hidden = true;
      refresh.hidden = true;
      status.textContent = "";
      say("expired");
      return;
    }
    meters.replaceChildren(...items.map(cardOf));
    meters.hidden = items.length === 0;
    status.textContent = `As of ${new Date().toLocaleTimeString()}`;
    say(items.length === 0 ? "nothing" : undefined);
  } catch {
    // What was shown before stays, with the time at which it was true.
    status.textContent = meters.hidden ? "" : status.textContent;
    say("failed");
  }
  refresh.hidden = false;
  refresh.disabled = false;
}

const token = takeToken();
keepWayBack();
refresh.addEventListener("click", () => show(token));
show(token);
