"use strict";
// Text from models is untrusted: it reaches the page as text nodes only, through `element` and `shape`. The page's policy allows no
// style attributes: colours and margins are classes, and only computed sizes are set, through `node.style`.

const PAGE_OF_ROUNDS = 50, WINDOW_OF_LINEAGE = 60, PAGE_OF_SAMPLES = 20, EVENTS_SHOWN = 50;
const PREPARATION = ["nursery", "baseline"];
const STEPS = ["prompts", "propose", "aggregate", "sft", "sample", "judge", "dpo", "evaluate", "decide"];
const STATUS_COLOR = { running: "accent", finished: "good", failed: "bad", paused: "warn", interrupted: "warn" };
const OUTCOME_COLOR = { promoted: "good", rejected: "bad", inconclusive: "warn" };
const EVENT_COLOR = { promoted: "good", finished: "good", failed: "bad", rolledBack: "warn", quarantined: "warn", warning: "warn", interrupted: "warn", initial: "accent" };

const state = {
  campaigns: new Map(),      // by name, in the server's order
  isLoaded: false,           // the list was read once
  selected: null,            // name of the campaign on show
  lineage: null, events: [], // of the selected campaign
  roundsShown: PAGE_OF_ROUNDS, lineageShown: WINDOW_OF_LINEAGE,
  samples: { round: null, step: "", offset: 0, total: 0 },
  chart: null,               // the chart's scales, for its cursor
  chartRound: null,
  openModel: null,           // digest in the model panel
  progress: [],              // [{time, done}] of the running step: its rate
};
const selected = () => state.campaigns.get(state.selected);

// ---- Small tools ----

const $ = (id) => document.getElementById(id);

function build(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}
const element = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);
const shape = (tag, attributes, ...children) => build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const badge = (text, color) => element("span", { class: `badge ${color ?? ""}` }, text);
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Replaces children; the focus stays on what has the same data-key. */
function replace(container, ...children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  container.replaceChildren(...children.flat().filter(Boolean));
  if (key !== undefined) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

// ---- Figures in words ----

const percent = (value) => `${(100 * value).toFixed(1)}%`;
const interval = (score) => `${(100 * score.low).toFixed(1)}–${(100 * score.high).toFixed(1)}`;
const marksText = (marks) => marks && `strict ${percent(marks.strict.value)}, lenient ${percent(marks.lenient.value)}`;
const scoreText = (score) => (score ? `${percent(score.value)} (${interval(score)})` : "not evaluated");
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
const short = (digest) => digest.slice(0, 10);
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
const logprob = (value) => (typeof value === "number" ? value.toFixed(2).replace("-", "−") : null);

function count(value) {
  const [size, unit] = value >= 1e9 ? [1e9, "B"] : value >= 1e6 ? [1e6, "M"] : value >= 1e4 ? [1e3, "k"] : [1, ""];
  const scaled = value / size;
  return `${size === 1 ? Math.round(scaled).toLocaleString("en") : Number(scaled.toFixed(scaled < 100 ? 1 : 0))}${unit}`;
}

function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

const moment = (at) => new Date(at).toLocaleString(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });

// ---- The server ----

let token = "";
try { token = sessionStorage.getItem("token") ?? ""; } catch { /* storage is off: the token lives as long as the page */ }
let tokenQuestion = null;
class NoToken extends Error {}

/** `fetch` with the token; asks for one where the server wants it, and tries again. */
async function authorized(path, options = {}) {
  for (;;) {
    const used = token;
    const headers = { ...options.headers, ...(used ? { Authorization: `Bearer ${used}` } : {}) };
    const response = await fetch(path, { ...options, headers });
    if (response.status !== 401) return response;
    if (used !== token) continue; // another request got a new one meanwhile
    tokenQuestion ??= askForToken(used !== "").finally(() => { tokenQuestion = null; });
    await tokenQuestion;
  }
}

function askForToken(wasWrong) {
  return new Promise((resolve, reject) => {
    openForm("token-dialog", {
      prepare: (form, fault) => { form.reset(); if (wasWrong) fault("The server did not accept that token."); },
      submit: async (form) => {
        token = form.elements.token.value.trim();
        try { sessionStorage.setItem("token", token); } catch { /* as above */ }
        resolve();
      },
      closed: () => reject(new NoToken("The server wants a token; reload the page to give one.")), // nothing after resolve()
    });
  });
}

/** JSON from the API. Throws an `Error` with the server's message. */
async function api(path, { method = "GET", body, type = "application/json" } = {}) {
  const headers = body === undefined ? {} : { "Content-Type": type };
  let response;
  try {
    response = await authorized(path, { method, headers, body: typeof body === "object" ? JSON.stringify(body) : body });
  } catch (error) {
    throw error instanceof TypeError ? new Error("The server could not be reached.") : error;
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(answer?.error?.message ?? `The server answered ${response.status}.`);
  return answer;
}
const campaignPath = (name, rest = "") => `/api/campaigns/${encodeURIComponent(name)}${rest}`;

/** Server-sent events over `fetch`, because EventSource cannot send the token. Never ends; reconnects after growing pauses. */
async function listen() {
  let pause = 1000;
  for (;;) {
    const stop = new AbortController();
    let watchdog;
    try {
      const response = await authorized("/api/events", { headers: { Accept: "text/event-stream" }, signal: stop.signal });
      if (!response.ok) throw new Error();
      setConnection("live", "live");
      pause = 1000;
      refresh();
      const parse = eventParser(receive);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        clearTimeout(watchdog); // heartbeats come more often than this: silence is a dead connection
        watchdog = setTimeout(() => stop.abort(), 90_000);
        const { value, done } = await reader.read();
        if (done) break;
        parse(value);
      }
    } catch (error) {
      if (error instanceof NoToken) return setConnection("lost", error.message); // not again and again
    }
    clearTimeout(watchdog);
    setConnection("lost", "connection lost, trying again");
    await Promise.race([sleep(pause * (1 + Math.random() / 4)), new Promise((wake) => window.addEventListener("online", wake, { once: true }))]);
    pause = Math.min(2 * pause, 30_000);
  }
}

/** Takes text in any pieces, gives (event, data) to `deliver`. */
function eventParser(deliver) {
  let rest = "", name = "message", data = [];
  return (text) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      if (line === "") {
        if (data.length) deliver(name, data.join("\n"));
        name = "message"; data = [];
      } else if (field === "event") name = value;
      else if (field === "data") data.push(value);
    }
  };
}

function receive(name, text) {
  let data;
  try { data = JSON.parse(text); } catch { return; }
  if (name === "campaign") receiveCampaign(data);
  else if (name === "progress") receiveProgress(data);
  else if (name === "event") receiveEvent(data);
}

function receiveCampaign(campaign) {
  const before = state.campaigns.get(campaign.campaign);
  state.campaigns.set(campaign.campaign, campaign);
  if (!state.isLoaded) return; // the list comes whole in a moment
  if (!state.selected) return select(wantedCampaign());
  renderCampaigns();
  if (campaign.campaign !== state.selected) return;
  renderOverview();
  const news = ["status", "round", "champion", "reason", "pendingRollback"].some((key) => before?.[key] !== campaign[key]);
  if (news || JSON.stringify(before?.criteria) !== JSON.stringify(campaign.criteria)) loadDetailsSoon();
}

function receiveProgress({ campaign: name, peers, ...step }) {
  const campaign = state.campaigns.get(name);
  if (!campaign) return;
  campaign.step = step;
  for (const { name: peer, inFlight, waiting, breaker, lastFailure } of peers ?? []) {
    const known = campaign.peers?.find((other) => other.name === peer);
    if (known) Object.assign(known, { inFlight, waiting, breaker, lastFailure });
  }
  if (name !== state.selected) return;
  renderStep(campaign);
  if (peers) renderPeers(campaign);
}

function receiveEvent(event) {
  if (event.campaign !== state.selected || state.events.some(({ id }) => id === event.id)) return;
  state.events = [...state.events, event].slice(-EVENTS_SHOWN);
  renderEvents();
  if (["initial", "promoted", "kept", "rolledBack"].includes(event.kind)) loadDetailsSoon();
}

function setConnection(kind, text) {
  $("connection").className = kind;
  $("connection").textContent = text;
}

// ---- Loading ----

async function refresh() {
  try {
    const { campaigns } = await api("/api/campaigns");
    state.campaigns = new Map(campaigns.map((campaign) => [campaign.campaign, campaign]));
    state.isLoaded = true;
    select(state.campaigns.has(state.selected) ? state.selected : wantedCampaign());
  } catch (error) { say(error.message, true); }
}

function wantedCampaign() {
  let name = location.hash.slice(1);
  try { name = decodeURIComponent(name); } catch { /* a "%" that is none: no campaign has one in its name */ }
  if (state.campaigns.has(name)) return name;
  const running = [...state.campaigns.values()].find(({ status }) => status === "running");
  return (running ?? [...state.campaigns.values()][0])?.campaign ?? null;
}

function select(name) {
  if (name !== state.selected) {
    Object.assign(state, {
      selected: name, lineage: null, events: [], roundsShown: PAGE_OF_ROUNDS, lineageShown: WINDOW_OF_LINEAGE, chartRound: null,
      progress: [], samples: { round: null, step: "", offset: 0, total: 0 },
    });
    closeModel();
    $("chart-tooltip").hidden = true;
    $("samples-list").replaceChildren();
    setText($("samples-range"), "");
    if (name && location.hash.slice(1) !== encodeURIComponent(name)) history.replaceState(null, "", `#${encodeURIComponent(name)}`);
  }
  $("no-campaigns").hidden = name !== null;
  $("campaign-view").hidden = name === null;
  document.title = name ? `${name} · selfimprove` : "selfimprove";
  renderCampaigns();
  if (!name) return;
  renderOverview();
  renderDetails();
  loadDetails();
}

let detailsTimer = null;
/** Several messages about one change make one request. */
function loadDetailsSoon() {
  detailsTimer ??= setTimeout(() => { detailsTimer = null; loadDetails(); }, 300);
}

async function loadDetails() {
  const name = state.selected;
  if (!name) return;
  try {
    const [lineage, log] = await Promise.all([
      api(campaignPath(name, "/lineage")), api(campaignPath(name, `/events?limit=${EVENTS_SHOWN}`)),
    ]);
    if (name !== state.selected) return; // another one was chosen meanwhile
    state.lineage = lineage;
    state.events = log.events;
    renderOverview();
    renderDetails();
    if (!$("panel-samples").hidden && state.samples.total === 0) loadSamples(); // there may be some now
  } catch (error) { if (name === state.selected) say(error.message, true); }
}

function renderDetails() {
  renderChart();
  renderRounds();
  renderLineage();
  renderModelFate();
  renderEvents();
  renderSamplesControls();
}

// ---- Campaigns and overview ----

function renderCampaigns() {
  const campaigns = [...state.campaigns.values()];
  replace($("campaign-list"), campaigns.map((campaign) => element("li", null,
    element("button", {
      type: "button", "data-key": campaign.campaign, "aria-current": campaign.campaign === state.selected ? "true" : "false",
      onclick: () => select(campaign.campaign),
    }, element("span", { class: "name" }, campaign.campaign), badge(campaign.status, STATUS_COLOR[campaign.status]),
    element("small", null, [campaign.score && percent(campaign.score.value), campaign.round > 0 && `round ${campaign.round}`,
      campaign.queuePosition && `number ${campaign.queuePosition} in the queue`].filter(Boolean).join(" · ") || "in preparation")))));
  const picker = $("campaign-select");
  if (document.activeElement === picker && picker.options.length === campaigns.length) return; // it may be open
  picker.replaceChildren(...campaigns.map(({ campaign, status }) =>
    element("option", { value: campaign, selected: campaign === state.selected }, `${campaign} · ${status}`)));
  picker.hidden = campaigns.length === 0;
}

function renderOverview() {
  const campaign = selected();
  if (!campaign) return;
  setText($("campaign-name"), campaign.campaign);
  const status = campaign.status + (campaign.queuePosition ? `, number ${campaign.queuePosition}` : "");
  setText($("campaign-status"), status);
  $("campaign-status").className = `badge ${STATUS_COLOR[campaign.status] ?? ""}`;
  const origin = `created ${moment(campaign.createdAt)}${Number.isSafeInteger(campaign.seed) ? ` · seed ${campaign.seed}` : ""}`;
  setText($("campaign-reason"), campaign.reason ? `${campaign.reason}\n${origin}` : origin);
  const pending = [
    campaign.pendingRollback ? `A rollback to ${campaign.pendingRollback} waits for the end of the running step.` : null,
    campaign.pending ? `It will ${campaign.pending} at the end of the running step.` : null,
    ...(campaign.quarantines ?? []).map(quarantineNotice),
  ].filter(Boolean).join(" ");
  $("pending").hidden = !pending;
  setText($("pending"), pending);
  renderButtons(campaign);
  renderStep(campaign);
  renderTiles(campaign);
  renderCriteria(campaign);
  renderPeers(campaign);
}

/** A peer whose rows later rounds do not replay. */
function quarantineNotice({ peer, since, reason }) {
  const from = since === undefined ? "" : ` since ${typeof since === "number" ? `round ${since}` : moment(since)}`;
  return `${peer} is in quarantine${from}${reason ? ` (${reason})` : ""}.`;
}

/** Peers behind endpoints: what they were asked, and what they do now. */
function renderPeers({ peers }) {
  $("peers").hidden = !peers?.length;
  if (!peers?.length) return;
  const breaker = (peer) => peer.inFlight === undefined ? "–" : peer.breaker === "closed" ? `${peer.inFlight} in flight` : `breaker ${peer.breaker}`;
  $("peer-rows").replaceChildren(...peers.map((peer) => element("tr", { title: peer.lastFailure },
    ...[peer.name, breaker(peer), count(peer.calls), count(peer.failures), count(peer.retries), count(peer.tokens), peer.money.toFixed(2)]
      .map((text) => element("td", null, text)))));
}

/** Does not set equal text again, because a live region would announce it again. */
function setText(node, text) { if (node.textContent !== text) node.textContent = text; }

function renderButtons({ status, champion }) {
  const focused = document.activeElement;
  $("pause").hidden = !["running", "queued", "interrupted"].includes(status);
  $("resume").hidden = !["paused", "stopped", "finished", "failed", "interrupted"].includes(status);
  $("stop").disabled = !["running", "queued", "paused", "interrupted", "failed"].includes(status);
  $("rollback").disabled = !champion;
  if (focused?.hidden) ($("pause").hidden ? $("resume") : $("pause")).focus();
}

function renderStep(campaign) {
  const step = campaign.status === "running" ? campaign.step : null;
  $("now").hidden = !step;
  if (!step) { state.progress = []; return; }
  const { rate, left } = pace(step);
  const share = step.total > 0 ? Math.min(1, step.done / step.total) : 0;
  setText($("step-name"), (step.round === 0 ? `Preparation: ${step.name}` : `Round ${step.round}: ${step.name}`) + (step.turn ? `, turn ${step.turn}` : ""));
  setText($("step-figures"), [
    `${count(step.done)} of ${count(step.total)} ${step.unit}`, rate ? `${count(rate < 10 ? Number(rate.toFixed(1)) : rate)} ${step.unit}/s` : null,
    left === undefined ? null : `${duration(left)} left`,
  ].filter(Boolean).join(" · "));
  $("step-bar").setAttribute("aria-valuenow", Math.round(100 * share));
  $("step-bar").firstElementChild.style.width = `${100 * share}%`;
  $("step-note").hidden = !step.note;
  setText($("step-note"), step.note ?? "");
  const names = step.round === 0 ? PREPARATION : STEPS, current = names.indexOf(step.name);
  if ($("steps").dataset.now === `${step.round} ${step.name}`) return;
  $("steps").dataset.now = `${step.round} ${step.name}`;
  $("steps").replaceChildren(...names.map((name, index) => element("li", {
    class: index === current ? "current" : index < current ? "done" : "", "aria-current": index === current ? "step" : undefined,
  }, name)));
}

/** The step's rate over the last quarter of a minute, and the time it has left. */
function pace(step) {
  const key = `${state.selected} ${step.round} ${step.name}`, time = performance.now() / 1000;
  if (state.progress.key !== key || step.done < (state.progress.at(-1)?.done ?? 0)) state.progress = Object.assign([], { key });
  if (state.progress.at(-1)?.done !== step.done) state.progress.push({ time, done: step.done });
  while (state.progress.length > 2 && time - state.progress[0].time > 15) state.progress.shift();
  const [first, last] = [state.progress[0], state.progress.at(-1)];
  const rate = last && last.time - first.time > 1.5 ? (last.done - first.done) / (last.time - first.time) : null;
  const left = step.secondsLeft ?? (rate ? (step.total - step.done) / rate : undefined);
  return { rate, left };
}

function renderTiles({ score, initial, round, criteria, seconds, tokens, money }) {
  const gain = score && initial?.score ? 100 * (score.value - initial.score.value) : null;
  const tile = (label, figure, detail) => element("div", { class: "tile" }, element("dt", null, label), element("dd", null, figure), element("dd", null, detail));
  $("tiles").replaceChildren(
    tile("Champion’s score", score ? percent(score.value) : "–", score ? `${interval(score)}, n = ${score.n.toLocaleString("en")}` : "not evaluated yet"),
    tile("Gain over the start", gain === null ? "–" : `${signed(gain)} pts`, initial?.score ? `from ${percent(initial.score.value)}` : "start not evaluated yet"),
    tile("Round", `${round}`, criteria.rounds ? `of ${criteria.rounds}` : "no limit of rounds"),
    tile("Time", duration(seconds) + (money === undefined ? "" : `, ${money.toFixed(2)}`), criteria.wall_clock ? `of ${criteria.wall_clock}` : "of running"),
    tile("Tokens", count(tokens), criteria.tokens ? `of ${count(criteria.tokens)}` : "generated, scored, trained"));
}

function renderCriteria({ criteria }) {
  const rounds = state.lineage?.rounds ?? [];
  const unpromoted = rounds.length - 1 - rounds.findLastIndex(({ outcome }) => outcome === "promoted");
  const chips = Object.entries(criteria).map(([key, limit]) =>
    `${key} ${limit}${key === "patience" && unpromoted ? ` (now ${unpromoted})` : ""}`);
  $("criteria-chips").replaceChildren(...(chips.length ? chips : ["no criterion: it goes on until it is stopped"]).map((text) => element("li", null, text)));
}

// ---- Chart: one path per series, so that a thousand rounds are no more elements than three ----

function chartPoints() {
  const { initial, rounds = [] } = state.lineage ?? {};
  const start = initial ? [{ round: 0, score: initial.score, stages: [], outcome: "start", reason: "" }] : [];
  return [...start, ...rounds];
}

function renderChart() {
  const points = chartPoints(), scored = points.filter(({ score }) => score), plot = $("chart-plot");
  const width = plot.clientWidth, height = 270;
  state.chart = null;
  $("chart-cursor").hidden = scored.length === 0;
  if (!scored.length || !width) {
    plot.replaceChildren(element("p", { class: "muted" }, "No model was evaluated yet."));
    return;
  }
  const frame = { left: 40, right: width - 14, top: 10, bottom: height - 24 };
  const values = points.flatMap(({ score, stages }) => [score?.low, score?.high, ...stages.map((stage) => stage.score?.value)]).filter(Number.isFinite);
  const ticks = niceTicks(Math.min(...values), Math.max(...values), 5);
  const [bottom, top] = [ticks[0], ticks.at(-1)], last = Math.max(1, points.at(-1).round);
  const x = (round) => frame.left + (round / last) * (frame.right - frame.left);
  const y = (value) => frame.bottom - ((value - bottom) / (top - bottom)) * (frame.bottom - frame.top);
  state.chart = { points, x, y, last, frame };

  const at = (round, value, aside = 0) => `${(x(round) + aside).toFixed(1)} ${y(value).toFixed(1)}`;
  const line = (pick) => scored.map((point) => at(point.round, pick(point.score)));
  const dots = (list) => list.map((place) => `M${place}h0`).join(""); // a round cap makes each a dot
  const arm = last > 200 ? 1.5 : 3.5, aside = { sft: last > 60 ? 0 : -6, dpo: last > 60 ? 0 : 6 }; // beside the line, where there is room
  const crosses = (list) => list.map((place) => `M${place}m${-arm} ${-arm}l${2 * arm} ${2 * arm}m0 ${-2 * arm}l${-2 * arm} ${2 * arm}`).join("");
  const stage = (name, isCross) => points.flatMap(({ round, stages, outcome, challenger }) => stages
    .filter((one) => one.stage === name && one.score && isCross === (outcome !== "promoted" && one.model === challenger))
    .map((one) => at(round, one.score.value, aside[name])));
  const path = (d, stroke, strokeWidth, more) => shape("path", { d, fill: "none", stroke, "stroke-width": strokeWidth, "stroke-linecap": "round", "stroke-linejoin": "round", ...more });
  const dot = last > 200 ? 2.5 : 6;
  const summary = `Champion’s score over ${plural(last, "round")}: ${scored.length > 1 ? `from ${percent(scored[0].score.value)} ` : ""}to ${percent(scored.at(-1).score.value)}.`;

  plot.replaceChildren(shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": summary },
    ticks.map((value) => [
      shape("path", { d: `M${frame.left} ${y(value)}H${frame.right}`, stroke: "var(--line)" }),
      shape("text", { x: frame.left - 8, y: y(value) + 4, "text-anchor": "end" }, `${Number((100 * value).toFixed(1))}%`),
    ]),
    niceTicks(0, last, Math.max(2, Math.floor(width / 64))).filter((round) => Number.isInteger(round) && round <= last)
      .map((round) => shape("text", { x: x(round), y: height - 6, "text-anchor": "middle" }, round === 0 ? "start" : `${round}`)),
    shape("path", { d: `M${line((s) => s.high).join("L")}L${line((s) => s.low).reverse().join("L")}Z`, fill: "var(--accent)", opacity: .16 }),
    scored.length === 1 && path(scored.map(({ round, score }) => `M${at(round, score.low)}L${at(round, score.high)}`).join(""), "var(--accent)", 1.5, { opacity: .5 }),
    ["sft", "dpo"].map((name) => [path(dots(stage(name, false)), `var(--${name})`, dot), path(crosses(stage(name, true)), `var(--${name})`, last > 200 ? 1 : 1.8, { opacity: last > 200 ? .6 : 1 })]),
    path(`M${line((s) => s.value).join("L")}`, "var(--accent)", 2),
    last <= 120 && path(dots(line((s) => s.value)), "var(--accent)", 7),
    shape("path", { id: "chart-mark", stroke: "var(--muted)", "stroke-dasharray": "3 3", hidden: true })));
  $("chart-cursor").setAttribute("aria-valuemax", points.at(-1).round);
  if (!$("chart-tooltip").hidden) showChartRound(state.chartRound);
  else describeChartRound(points.at(-1));
}

/** Round values that enclose the range. */
function niceTicks(low, high, wanted) {
  const span = high - low || 0.1, power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => span / size <= wanted);
  const first = Math.floor(low / step + 1e-9), steps = Math.max(1, Math.ceil(high / step - 1e-9) - first);
  return Array.from({ length: steps + 1 }, (_, index) => Number(((first + index) * step).toFixed(10)));
}

function describeChartRound(point) {
  $("chart-cursor").setAttribute("aria-valuenow", point.round);
  $("chart-cursor").setAttribute("aria-valuetext", `${point.round ? `round ${point.round}, ${point.outcome}` : "start"}, champion ${scoreText(point.score)}. ${point.reason}`);
}

function showChartRound(round) {
  const { points, x, frame } = state.chart ?? {};
  const point = points?.find((one) => one.round === round);
  if (!point) return;
  state.chartRound = round;
  describeChartRound(point);
  const tooltip = $("chart-tooltip"), mark = $("chart-mark");
  tooltip.replaceChildren(
    element("div", { class: "row" }, element("b", null, round ? `Round ${round}` : "Start"), round > 0 && badge(point.outcome, OUTCOME_COLOR[point.outcome])),
    element("div", null, `champion ${scoreText(point.score)}`),
    ...point.stages.map((stage) => element("div", { class: "muted" }, `${stage.stage.toUpperCase()} ${scoreText(stage.score)}`)),
    point.reason ? element("div", { class: "muted reason" }, point.reason) : "");
  tooltip.hidden = false;
  const room = $("chart").clientWidth - tooltip.offsetWidth, left = x(round) + 12;
  tooltip.style.left = `${Math.max(0, left > room ? Math.min(room, x(round) - tooltip.offsetWidth - 12) : left)}px`;
  mark.setAttribute("d", `M${x(round)} ${frame.top}V${frame.bottom}`);
  mark.removeAttribute("hidden");
}

function hideChartRound() {
  $("chart-tooltip").hidden = true;
  $("chart-mark")?.setAttribute("hidden", "");
}

function wireChart() {
  const cursor = $("chart-cursor");
  const follow = (event) => {
    if (!state.chart) return;
    const { points, last, frame } = state.chart;
    const wanted = ((event.offsetX - frame.left) / (frame.right - frame.left)) * last;
    showChartRound(points.reduce((best, { round }) => (Math.abs(round - wanted) < Math.abs(best - wanted) ? round : best), points[0].round));
  };
  cursor.addEventListener("pointermove", follow);
  cursor.addEventListener("pointerdown", follow);
  cursor.addEventListener("pointerleave", hideChartRound);
  cursor.addEventListener("focus", () => { if (state.chart && cursor.matches(":focus-visible")) showChartRound(state.chartRound ?? state.chart.points.at(-1).round); });
  cursor.addEventListener("blur", hideChartRound);
  cursor.addEventListener("keydown", (event) => {
    if (!state.chart) return;
    const { points } = state.chart, here = Math.max(0, points.findIndex(({ round }) => round === (state.chartRound ?? points.at(-1).round)));
    const moves = { ArrowLeft: here - 1, ArrowDown: here - 1, ArrowRight: here + 1, ArrowUp: here + 1, PageDown: here - 10, PageUp: here + 10, Home: 0, End: points.length - 1 };
    if (event.key === "Escape") hideChartRound();
    else if (event.key === "Enter" && points[here].round > 0) openSamples(points[here].round);
    else if (event.key in moves) {
      event.preventDefault();
      showChartRound(points[Math.min(points.length - 1, Math.max(0, moves[event.key]))].round);
    }
  });
  let frame;
  new ResizeObserver(() => { cancelAnimationFrame(frame); frame = requestAnimationFrame(renderChart); }).observe($("chart"));
}

// ---- Rounds ----

function renderRounds() {
  const rounds = state.lineage?.rounds ?? [];
  const active = new Set(state.lineage?.active ?? []);
  const shown = rounds.slice(-state.roundsShown).reverse();
  const fate = ({ round, outcome }) => (outcome === "promoted" && !active.has(round) ? badge("undone") : badge(outcome, OUTCOME_COLOR[outcome]));
  replace($("round-list"), shown.map((round) => element("li", null, element("button", { type: "button", "data-key": round.round, onclick: () => openSamples(round.round) },
    element("b", null, `#${round.round}`),
    element("span", null, fate(round)),
    element("span", { class: "score" }, element("b", null, round.score ? percent(round.score.value) : "–"), " ", element("span", { class: "muted small" }, round.score ? `(${interval(round.score)})` : "")),
    round.marks && element("span", { class: "muted small" }, marksText(round.marks)),
    element("span", { class: "reason" }, round.reason),
    element("span", { class: "time muted small" }, duration(round.seconds))))));
  if (!shown.length) $("round-list").replaceChildren(element("li", { class: "muted empty" }, state.lineage ? "No round has ended yet." : "Loading…"));
  const more = rounds.length - shown.length;
  $("more-rounds").hidden = more === 0;
  setText($("more-rounds"), `${Math.min(more, PAGE_OF_ROUNDS)} more of ${more}`);
}

// ---- Lineage graph ----

const LANE = { main: 52, side: 106, undone: 168, undoneSide: 222 }; // y of the line to today's champion, of what hangs from it, of undone lines
const COLUMN = 88, STAGE_GAP = 36;

const columnX = (index) => 34 + (index + 1) * COLUMN; // the first column is the start's, or that of a champion from before the window

/** Places every model of the rounds on show. */
function lineageNodes(rounds, first) {
  const { initial, champion } = state.lineage, active = new Set(state.lineage.active ?? []);
  const nodes = [], byDigest = new Map();
  const add = (node) => { nodes.push(node); if (!byDigest.has(node.digest)) byDigest.set(node.digest, node); };
  if (first === 0 && initial) add({ digest: initial.model, stage: "start", round: 0, x: 34, y: LANE.main, solid: true, score: initial.score, outcome: "start" });
  else if (!rounds.some(({ stages }) => stages.some(({ model }) => model === champion))) {
    const won = state.lineage.rounds.find((round) => round.champion === champion);
    add({ digest: champion, stage: won ? "champion" : "start", round: won?.round ?? 0, x: 34, y: LANE.main, solid: true, head: true, score: (won ?? initial).score, outcome: "promoted" });
  }
  rounds.forEach((round, index) => {
    const x = columnX(index);
    const parent = byDigest.get(round.parent), promoted = round.outcome === "promoted", onLine = promoted && active.has(round.round);
    const parentUndone = parent !== undefined && parent.y >= LANE.undone;
    const line = onLine ? LANE.main : LANE.undone;
    const side = onLine || (!promoted && !parentUndone) ? LANE.side : LANE.undoneSide;
    let from = parent ?? { x: 0, y: LANE.main };
    round.stages.forEach((stage, place) => {
      // A promoted DPO model came out of the SFT model, so both are on the line.
      const onTrunk = promoted && place <= round.stages.findIndex(({ model }) => model === round.challenger);
      const node = {
        digest: stage.model, stage: stage.stage, round: round.round, outcome: round.outcome, score: stage.score, from,
        x: x + place * STAGE_GAP, y: onTrunk ? line : side, solid: onTrunk && onLine,
        head: stage.model === round.champion && promoted, undone: promoted && !onLine,
      };
      add(node);
      from = node;
    });
  });
  return nodes;
}

function renderLineage() {
  const graph = $("lineage-graph");
  if (!state.lineage?.initial) {
    graph.replaceChildren(element("p", { class: "muted" }, state.lineage ? "The first models are being prepared." : "Loading…"));
    $("show-earlier").hidden = true;
    return;
  }
  const all = state.lineage.rounds, first = Math.max(0, all.length - state.lineageShown);
  const nodes = lineageNodes(all.slice(first), first), champion = state.lineage.champion;
  const fromEnd = graph.scrollWidth - graph.scrollLeft;
  const width = columnX(all.length - first - 1) + COLUMN, height = Math.max(LANE.side, ...nodes.map(({ y }) => y)) + 34;
  const focusable = nodes.find(({ digest }) => digest === (state.openModel ?? champion)) ?? nodes.at(-1); // one tab stop, then arrow keys
  const trunkEnd = nodes.find(({ digest }) => digest === champion)?.y === LANE.main || first > 0 ? width - 12 : 0;
  replace(graph, shape("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Lineage of ${state.selected}: ${plural(nodes.length, "model")} on show` },
    nodes[0]?.stage === "champion" && shape("text", { x: 34, y: 14, "text-anchor": "middle" }, `round ${nodes[0].round}`),
    all.slice(first).map(({ round, stages }, index) => [
      shape("text", { x: columnX(index), y: 14, "text-anchor": "middle" }, `round ${round}`),
      stages.length === 0 && shape("text", { x: columnX(index), y: LANE.side, "text-anchor": "middle", class: "dim" }, "no model"),
    ]),
    trunkEnd > 0 && shape("path", { d: `M${first ? 0 : 34} ${LANE.main}H${trunkEnd}`, stroke: "var(--accent)", "stroke-width": 2, opacity: .35 }),
    nodes.filter(({ from }) => from).map(lineageEdge),
    nodes.map((node) => lineageNode(node, champion, node === focusable))));
  graph.scrollLeft = graph.dataset.drawn === state.selected ? graph.scrollWidth - fromEnd : graph.scrollWidth;
  graph.dataset.drawn = state.selected;
  $("show-earlier").hidden = first === 0;
  setText($("show-earlier"), `Show ${Math.min(first, WINDOW_OF_LINEAGE)} earlier rounds`);
}

function lineageEdge({ from, x, y, solid }) {
  // What was not promoted leaves the line beside it rather than at its parent, which may be far to the left.
  const startX = !solid && from.y === LANE.main && y !== from.y ? Math.max(from.x, x - 46) : from.x;
  const bend = Math.max(startX, x - 46);
  const d = y === from.y ? `M${startX} ${y}H${x}` : `M${startX} ${from.y}H${bend}C${bend + 28} ${from.y} ${x - 34} ${y} ${x} ${y}`;
  return shape("path", { d, fill: "none", stroke: solid ? "var(--accent)" : "var(--muted)", "stroke-width": solid ? 2.5 : 1.3, "stroke-dasharray": solid ? undefined : "4 4", class: solid ? undefined : "dim" });
}

function lineageNode(node, champion, inTabOrder) {
  const { x, y, digest, stage, round, solid, head, outcome, undone } = node, isChampion = digest === champion;
  const radius = stage === "start" || head ? 12 : 8, name = { start: "start", champion: `champion of round ${round}` }[stage] ?? `round ${round} ${stage.toUpperCase()}`;
  const fate = isChampion ? "champion" : undone ? "undone" : solid ? "" : outcome === "promoted" ? "not chosen" : outcome;
  return shape("g", {
    class: `node ${solid || isChampion ? "" : "dim"}`, role: "button", tabindex: inTabOrder ? 0 : -1, "data-key": `${round}-${stage}`, "data-digest": digest,
    "aria-label": [name, fate, scoreText(node.score)].filter(Boolean).join(", "), transform: `translate(${x} ${y})`,
    onclick: (event) => openModel(digest, event.currentTarget), onkeydown: lineageKey,
  }, shape("title", null, `${name}: ${scoreText(node.score)}${fate ? `, ${fate}` : ""}`),
  isChampion && shape("circle", { r: radius + 5, fill: "var(--accent-soft)", stroke: "var(--accent)", "stroke-width": 2 }),
  shape("circle", { r: radius + 4, class: "halo" }),
  shape("circle", { r: radius, fill: solid || isChampion ? "var(--accent)" : "var(--card)", stroke: solid || isChampion ? "var(--accent)" : "var(--muted)", "stroke-width": 1.5, "stroke-dasharray": solid || isChampion ? undefined : "3 2" }),
  shape("text", { y: 4, "text-anchor": "middle", class: `stage ${solid || isChampion ? "solid" : ""}` }, stage === "start" ? "0" : stage[0].toUpperCase()),
  shape("text", { y: radius + (isChampion ? 19 : 15), "text-anchor": "middle" }, node.score ? `${(100 * node.score.value).toFixed(1)}` : stage));
}

function lineageKey(event) {
  const nodes = [...$("lineage-graph").querySelectorAll(".node")], here = nodes.indexOf(event.currentTarget);
  const moves = { ArrowLeft: here - 1, ArrowUp: here - 1, ArrowRight: here + 1, ArrowDown: here + 1, Home: 0, End: nodes.length - 1 };
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    openModel(event.currentTarget.dataset.digest, event.currentTarget);
  } else if (event.key in moves) {
    event.preventDefault();
    const next = nodes[Math.min(nodes.length - 1, Math.max(0, moves[event.key]))];
    nodes.forEach((node) => node.setAttribute("tabindex", node === next ? 0 : -1));
    next.focus();
  }
}

// ---- One model ----

async function openModel(digest, opener) {
  state.openModel = digest;
  const panel = $("model-panel");
  try {
    const answer = await api(`/api/models/${encodeURIComponent(digest)}`);
    if (state.openModel !== digest) return;
    panel.replaceChildren(...modelParts(answer, opener));
    panel.hidden = false;
    $("model-title").focus({ preventScroll: true });
    panel.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  } catch (error) { say(error.message, true); }
}

/** After a promotion or a rollback: the panel may show who is, or no longer is, the champion. */
function renderModelFate() {
  if ($("model-panel").hidden || !state.openModel) return;
  $("model-champion").hidden = state.openModel !== selected()?.champion;
  $("model-rollback").hidden = rollbackTargetOf(state.openModel) === null;
}

function closeModel(opener) {
  state.openModel = null;
  $("model-panel").hidden = true;
  // The graph may have been redrawn since the panel was opened.
  if (opener) $("lineage-graph").querySelector(`[data-key="${CSS.escape(opener.dataset.key)}"]`)?.focus();
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function modelParts({ model, evaluations }, opener) {
  const place = model.round ? `round ${model.round} ${model.kind.toUpperCase()}` : model.name ?? model.kind;
  const report = reportOf(evaluations, model.digest);
  const digestOf = (label, digest, more) => digest && [element("dt", null, label), element("dd", null, element("span", { class: "mono" }, digest), " ", ...more)];
  const fact = (label, value) => value !== undefined && value !== null && [element("dt", null, label), element("dd", null, String(value))];
  const copy = (id, digest) => element("button", { type: "button", class: "plain", id, "aria-label": `Copy digest ${short(digest)}`, onclick: () => copyText(digest) }, "Copy");
  return [
    element("div", { class: "row" }, element("h2", { id: "model-title", class: "grow", tabindex: -1 }, `Model: ${place}`),
      element("span", { class: "badge accent", id: "model-champion", hidden: model.digest !== selected()?.champion }, "champion"),
      element("button", { type: "button", id: "model-rollback", hidden: rollbackTargetOf(model.digest) === null,
        onclick: () => openRollback(rollbackTargetOf(model.digest)) }, "Roll back to this…"),
      element("button", { type: "button", class: "plain", id: "model-close", onclick: () => closeModel(opener) }, "Close")),
    element("div", { class: "split" },
      element("dl", { class: "facts" },
        digestOf("Digest", model.digest, [copy("model-copy", model.digest)]), fact("Kind", model.kind), fact("Campaign", model.campaign),
        digestOf("Parent", model.parent, [element("button", { type: "button", class: "plain", id: "model-parent", onclick: () => openModel(model.parent, opener) }, "Open")]),
        digestOf("Dataset", model.dataset, []), fact("Made", moment(model.createdAt)),
        ...Object.entries(model.settings ?? {}).map(([key, value]) => fact(settingLabel(key), settingText(value)))),
      element("section", null, element("h3", null, report ? `Report evaluation: ${reportText(report)}, n = ${report.n}` : "No report evaluation"),
        report && element("div", { class: "slices" }, [...(report.slices ?? [])].sort((a, b) => a.slice.localeCompare(b.slice)).flatMap(sliceRow)))),
  ];
}

/** `learningRate` is "Learning rate". */
const settingLabel = (key) => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^./, (letter) => letter.toUpperCase());
function settingText(value) {
  if (typeof value === "number") return Number.isInteger(value) ? value.toLocaleString("en") : String(Number(value.toPrecision(4)));
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Strict marks, and lenient ones where the campaign has them. */
function reportText({ correct, lenient, n }) {
  return lenient === undefined ? percent(correct / n) : `strict ${percent(correct / n)}, lenient ${percent(lenient / n)}`;
}

function sliceRow({ slice, correct, lenient, n }) {
  const share = (right) => (n ? Math.round((100 * right) / n) : 0);
  const bar = element("div", { class: "bar" }, element("i"));
  bar.firstElementChild.style.width = `${n ? (100 * correct) / n : 0}%`;
  const figures = lenient === undefined ? `${share(correct)}%` : `${share(correct)}%, lenient ${share(lenient)}%`;
  return [element("span", null, slice), bar, element("span", { class: "muted" }, `${figures} of ${n}`)];
}

function reportOf(evaluations, digest) {
  const reports = evaluations.filter((one) => one.set === "report" && one.subject === "model" && one.model === digest);
  return reports.findLast((one) => one.campaign === state.selected) ?? reports.at(-1);
}

/** The name of this model as the target of a rollback ("0" is the start); null if it is not an earlier champion. */
function rollbackTargetOf(digest) {
  const { initial, rounds = [] } = state.lineage ?? {};
  if (digest === selected()?.champion) return null;
  if (digest === initial?.model) return "0";
  const round = rounds.find(({ outcome, champion }) => outcome === "promoted" && champion === digest) ?? rounds.find(({ champion }) => champion === digest);
  return round ? String(round.round) : null;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
  } catch { say(text); } // no clipboard outside of https and localhost: show it to be copied by hand
}

// ---- Samples ----

function openSamples(round) {
  Object.assign(state.samples, { round, offset: 0 });
  renderSamplesControls();
  showTab("samples");
  $("tab-samples").focus({ preventScroll: true });
  $("tab-samples").scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
}

function renderSamplesControls() {
  const latest = Math.max(selected()?.round ?? 0, state.lineage?.rounds.at(-1)?.round ?? 0), picker = $("samples-round");
  state.samples.round ??= latest || null;
  if (picker.options.length !== latest) picker.replaceChildren(...Array.from({ length: latest }, (_, index) => element("option", { value: latest - index }, `${latest - index}`)));
  picker.value = String(state.samples.round ?? "");
}

async function loadSamples() {
  const name = state.selected, { round, step, offset } = state.samples, list = $("samples-list");
  if (!round) {
    list.replaceChildren(element("li", { class: "card muted" }, "No round has begun yet."));
    return;
  }
  const query = new URLSearchParams({ round, offset, limit: PAGE_OF_SAMPLES, ...(step ? { step } : {}) });
  try {
    const { total, samples } = await api(campaignPath(name, `/samples?${query}`));
    const now = state.samples;
    if (name !== state.selected || now.round !== round || now.step !== step || now.offset !== offset) return;
    now.total = total;
    list.replaceChildren(...(samples.length ? samples.map(sampleCard) : [element("li", { class: "card muted" }, "Nothing here: this step has not run, or was skipped.")]));
    setText($("samples-range"), total ? `${offset + 1}–${offset + samples.length} of ${total}` : "");
    $("samples-previous").disabled = offset === 0;
    $("samples-next").disabled = offset + samples.length >= total;
  } catch (error) { say(error.message, true); }
}

const textOf = (text) => (text ? element("pre", null, typeof text === "string" ? text : JSON.stringify(text)) : element("p", { class: "muted small" }, "(empty)"));
const said = (kind, marks, text) => element("div", { class: `said ${kind}` },
  element("div", { class: "row" }, marks.filter(Boolean).map((mark) => (typeof mark === "string" ? element("span", null, mark) : mark))), textOf(text));

function sampleCard({ prompt, drafts = [], answer, samples = [], pair, verdicts = [] }) {
  const column = (title, children) => element("section", null, element("h3", null, title), children);
  return element("li", { class: "card sample" },
    element("div", { class: "row" }, element("h2", null, `Prompt ${prompt.position}`), prompt.task && badge(prompt.task, "accent"), answer?.hard && badge("hard", "warn")),
    prompt.messages.map(({ role, content }) => element("div", { class: "message" }, element("h3", null, role), textOf(content))),
    element("div", { class: "columns" },
      drafts.length > 0 && column("Drafts", drafts.map((draft) => said("", [element("b", null, draft.proposer), draft.layer > 1 && `layer ${draft.layer}`, plural(draft.tokens, "token"),
        logprob(draft.confidence) && `confidence ${logprob(draft.confidence)}`], draft.text))),
      answer && column("Mixture’s answer", said(answer.kept ? "kept" : "", [element("b", null, answer.aggregator ?? "most confident draft"),
        answer.kept ? badge("kept", "accent") : badge("dropped", "bad"), !answer.kept && answer.reason], answer.text)),
      samples.length > 0 && column("Samples of the fine-tuned champion", samples.map((sample) => sampleBox(sample, pair, verdicts))),
      verdicts.length > 0 && column("Judges", verdictTable(verdicts))));
}

function sampleBox(sample, pair, verdicts) {
  const kind = sample.sample === pair?.chosenSample ? "chosen" : sample.sample === pair?.rejectedSample ? "rejected" : "";
  const score = kind === "chosen" ? pair.chosenScore : kind === "rejected" ? pair.rejectedScore : copelandScore(sample.sample, verdicts);
  return said(kind, [element("b", null, `#${sample.sample}`), kind && badge(kind, kind === "chosen" ? "good" : "bad"), score !== null && `score ${score}`, plural(sample.tokens, "token")], sample.text);
}

/** A win is 1, a tie 1/2; two orders that contradict each other, or a verdict that could not be read, are a tie. */
function copelandScore(sample, verdicts) {
  const own = verdicts.filter(({ first, second }) => first === sample || second === sample);
  if (!own.length) return null; // says the same as an earlier sample: only one of them is compared
  return own.reduce((sum, one) => sum + (winnerOf(one) === "tie" ? 0.5 : winnerOf(one) === sample ? 1 : 0), 0);
}
function winnerOf({ first, second, verdict, swappedVerdict }) {
  if (verdict !== swappedVerdict) return "tie";
  return verdict === "first" ? first : verdict === "second" ? second : "tie";
}

function verdictTable(verdicts) {
  const judges = [...new Set(verdicts.map(({ judge }) => judge))], pairs = new Map();
  for (const one of verdicts) {
    const key = `#${one.first} or #${one.second}`;
    if (!pairs.has(key)) pairs.set(key, new Map());
    pairs.get(key).set(one.judge, one);
  }
  return element("table", null,
    element("thead", null, element("tr", null, element("th", { scope: "col" }, "better"), judges.map((judge) => element("th", { scope: "col" }, judge)))),
    element("tbody", null, [...pairs].map(([key, byJudge]) => element("tr", null, element("th", { scope: "row" }, key),
      judges.map((judge) => element("td", null, verdictText(byJudge.get(judge))))))));
}
function verdictText(one) {
  if (!one) return "–";
  const name = (verdict) => (verdict === "first" ? `#${one.first}` : verdict === "second" ? `#${one.second}` : verdict);
  return one.verdict === one.swappedVerdict ? name(one.verdict) : `${name(one.verdict)}, swapped ${name(one.swappedVerdict)}`;
}

// ---- Events ----

function renderEvents() {
  const events = [...state.events].reverse();
  $("event-list").replaceChildren(...(events.length ? events.map((event) => element("li", null,
    element("time", { class: "muted small", datetime: event.at }, moment(event.at)),
    element("span", null, badge(settingLabel(event.kind).toLowerCase(), EVENT_COLOR[event.kind])),
    element("span", { class: "message-text" }, event.message))) : [element("li", { class: "muted" }, "Nothing has happened yet.")]));
}

// ---- Tabs ----

function showTab(name) {
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const isShown = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", isShown);
    tab.tabIndex = isShown ? 0 : -1;
    $(tab.getAttribute("aria-controls")).hidden = !isShown;
  }
  if (name === "lineage") { $("lineage-graph").dataset.drawn = ""; renderLineage(); } // hidden, it had no width to scroll in
  if (name === "samples") loadSamples();
}

function wireTabs() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => showTab(tab.id.slice(4)));
    tab.addEventListener("keydown", (event) => {
      const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      const target = tabs[(next + tabs.length) % tabs.length];
      target.focus();
      target.click();
    });
  });
}

// ---- Actions ----

let toastTimer;
function say(text, isError = false) {
  const toast = $("toast");
  toast.className = `toast ${isError ? "bad" : ""}`;
  toast.textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { toast.textContent = ""; }, isError ? 12_000 : 6_000);
}

/** Opens a dialog with a form. If `submit` throws, its message is shown in the form and the dialog stays open. */
function openForm(id, { prepare, submit, closed }) {
  const dialog = $(id), form = dialog.querySelector("form"), fault = form.querySelector(".form-error");
  const setFault = (text) => { fault.textContent = text; };
  setFault("");
  prepare?.(form, setFault);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const button = form.querySelector("button:not([type=button])");
    setFault("");
    button.disabled = true;
    try {
      await submit(form);
      dialog.close();
    } catch (error) { setFault(error.message); } finally { button.disabled = false; }
  };
  dialog.onclose = () => closed?.();
  if (!dialog.open) dialog.showModal();
}

/** Sends a command for the selected campaign. Its new state comes as an event: the answer may be older than the last one. */
async function command(verb, body, words) {
  const name = state.selected;
  const campaign = await api(campaignPath(name, `/${verb}`), { method: "POST", body });
  const waits = campaign?.status === "running" && verb !== "resume";
  say(waits ? `${name} will ${verb} at the end of the running step.` : `${name} ${words}.`);
}

async function attempt(work) {
  try { await work(); } catch (error) { say(error.message, true); }
}

function openStop() {
  openForm("stop-dialog", {
    prepare: (form) => { form.reset(); $("stop-title").textContent = `Stop ${state.selected}?`; },
    submit: (form) => command("stop", form.elements.now.checked ? { now: true } : {}, "is stopped"),
  });
}

function openRollback(target) {
  const { initial, rounds = [] } = state.lineage ?? {}, champion = selected()?.champion, name = state.selected;
  const champions = rounds.filter((round) => round.outcome === "promoted" && round.champion !== champion).reverse();
  const options = champions.map((round) => ({ value: String(round.round), text: `round ${round.round}, ${scoreText(round.score)}` }));
  if (initial && initial.model !== champion) options.push({ value: "0", text: `the start, ${scoreText(initial.score)}` });
  if (target && !options.some(({ value }) => value === target)) options.unshift({ value: target, text: `round ${target}` });
  if (!options.length) return say("There is no other champion to go back to yet.", true);
  openForm("rollback-dialog", {
    prepare: (form) => {
      form.reset();
      form.elements.to.replaceChildren(...options.map(({ value, text }) => element("option", { value }, text)));
      form.elements.to.value = target ?? options[0].value;
    },
    submit: async (form) => {
      const { to, reason, now } = form.elements;
      const answer = await api(campaignPath(name, "/rollback"), { method: "POST", body: { to: to.value, reason: reason.value.trim() || undefined, now: now.checked } });
      const place = to.value === "0" ? "the start" : `the champion of round ${to.value}`;
      say(answer.pending ? `${name} will go back to ${place} at the end of the running step.`
        : `${name} is back at ${place}.${answer.abandonedRound ? ` Round ${answer.abandonedRound} was given up.` : ""}`);
      refresh();
    },
  });
}

/** The form has a field for every criterion that the server knows, with the words of its own description. */
async function openCriteria() {
  const { campaign: name, criteria } = selected();
  const { components } = await api("/openapi.json");
  const known = Object.entries(components.schemas.CriteriaChanges.properties);
  const written = Object.fromEntries(known.map(([key]) => [key, criteria[key]]));
  const fields = known.map(([key, { description }]) => element("label", null, `${key} `, element("span", { class: "hint" }, description), " ",
    element("input", { type: "text", name: key, placeholder: "off", autocomplete: "off" })));
  openForm("criteria-dialog", {
    prepare: (form) => {
      $("criteria-fields").replaceChildren(...fields);
      for (const [key, value] of Object.entries(written)) form.elements[key].value = value ?? "";
    },
    submit: async (form) => {
      const changes = {};
      for (const [key, value] of Object.entries(written)) {
        const wanted = form.elements[key].value.trim() || "off";
        if (wanted !== String(value ?? "off")) changes[key] = wanted;
      }
      if (!Object.keys(changes).length) return say("Nothing was changed.");
      const now = await api(campaignPath(name, "/criteria"), { method: "PATCH", body: changes });
      const campaign = state.campaigns.get(name);
      if (campaign) receiveCampaign({ ...campaign, criteria: now });
      say(`${name}: ${Object.entries(changes).map(([key, value]) => `${key} is ${value}`).join(", ")}.`);
    },
  });
}

function openStart() {
  openForm("start-dialog", {
    submit: async (form) => {
      const campaign = await api("/api/campaigns", { method: "POST", body: form.elements.yaml.value, type: "application/yaml" });
      form.reset();
      if (!state.campaigns.has(campaign.campaign)) state.campaigns.set(campaign.campaign, campaign); // else an event was faster
      select(campaign.campaign);
      say(`${campaign.campaign} is ${campaign.status}.`);
    },
  });
}

function wire() {
  wireTabs();
  wireChart();
  $("new-campaign").addEventListener("click", openStart);
  $("campaign-select").addEventListener("change", (event) => select(event.target.value));
  $("pause").addEventListener("click", () => attempt(() => command("pause", {}, "is paused")));
  $("resume").addEventListener("click", () => attempt(() => command("resume", {}, "goes on")));
  $("stop").addEventListener("click", openStop);
  $("rollback").addEventListener("click", () => openRollback(null));
  $("criteria").addEventListener("click", () => attempt(openCriteria));
  $("more-rounds").addEventListener("click", () => { state.roundsShown += PAGE_OF_ROUNDS; renderRounds(); });
  $("show-earlier").addEventListener("click", () => { state.lineageShown += WINDOW_OF_LINEAGE; renderLineage(); });
  const samplesChanged = (change) => { Object.assign(state.samples, change); loadSamples(); };
  $("samples-step").replaceChildren(...[["", "all"], ["propose"], ["aggregate"], ["sample"], ["judge"]].map(([value, text]) => element("option", { value }, text ?? value)));
  $("samples-round").addEventListener("change", (event) => samplesChanged({ round: Number(event.target.value), offset: 0 }));
  $("samples-step").addEventListener("change", (event) => samplesChanged({ step: event.target.value, offset: 0 }));
  $("samples-previous").addEventListener("click", () => samplesChanged({ offset: Math.max(0, state.samples.offset - PAGE_OF_SAMPLES) }));
  $("samples-next").addEventListener("click", () => samplesChanged({ offset: state.samples.offset + PAGE_OF_SAMPLES }));
  for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => button.closest("dialog").close());
  window.addEventListener("hashchange", () => { if (wantedCampaign() !== state.selected) select(wantedCampaign()); });
}

wire();
showTab("rounds");
listen();
