// Shows a customer what it used. Asks the API with the token of the session that the address of the page carries.
//
// The token leaves the address bar, and with it the browser's history, before anything else happens. It is kept for the tab alone, so
// that the page can be loaded again.
"use strict";

const TOKEN = "customer_session_token";
const BACK = "return_url";
const PAGE_ROWS = 100;

const status = document.getElementById("status");
const table = document.getElementById("meters");
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

/** 1234567.50 as 1,234,567.50; whole numbers without a point. */
function shown(number) {
  const text = String(number).replace(/\.0+$/, "");
  const [whole, fraction] = text.split(".");
  const grouped = /^-?\d+$/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole;
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function cell(content) {
  const cell = document.createElement("td");
  cell.append(...content);
  return cell;
}

function row(item) {
  const name = document.createElement("th");
  name.scope = "row";
  name.textContent = item.meter.name;
  if (item.modified_at !== null) {
    const when = document.createElement("time");
    when.className = "when";
    when.dateTime = item.modified_at;
    when.textContent = `Last counted ${new Date(item.modified_at).toLocaleString()}`;
    name.append(when);
  }
  const used = [shown(item.consumed_units)];
  const hasCredits = Number(item.credited_units) > 0;
  if (hasCredits) {
    const bar = document.createElement("progress");
    bar.max = Number(item.credited_units);
    bar.value = Math.max(0, Number(item.consumed_units));
    bar.ariaLabel = `${item.meter.name}: used of credits`;
    used.push(document.createElement("br"), bar);
  }
  const line = document.createElement("tr");
  line.append(
    name,
    cell(used),
    cell([hasCredits ? shown(item.credited_units) : "–"]),
    cell([hasCredits ? shown(item.balance) : "–"]),
  );
  return line;
}

/** All pages of the list. */
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

async function show(token) {
  refresh.hidden = true;
  if (token === null) {
    status.textContent = "Open this page by the link that you were given.";
    return;
  }
  try {
    const items = await ask(token);
    if (items === null) {
      window.sessionStorage.removeItem(TOKEN);
      table.hidden = true;
      status.textContent = "This link has expired. Ask for a new one.";
      return;
    }
    table.tBodies[0].replaceChildren(...items.map(row));
    table.hidden = items.length === 0;
    const now = new Date().toLocaleTimeString();
    status.textContent = items.length === 0 ? "Nothing was used yet." : `As of ${now}`;
  } catch {
    status.textContent = "Your usage cannot be shown at the moment.";
  }
  refresh.hidden = false;
}

const token = takeToken();
keepWayBack();
refresh.addEventListener("click", () => show(token));
show(token);
