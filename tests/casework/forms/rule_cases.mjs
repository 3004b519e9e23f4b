// The rules of standard input, each {"rule", "data"}, given to two engines of JsonLogic that have nothing in common with
// the server's; on standard output what each of them says. The operators of ours are written here a second time.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const reference = require("json-logic-js");
const { LogicEngine } = require("json-logic-engine");
const { membres } = require("@etalab/decoupage-administratif/data/epci.json").find((each) => each.code === "200069854");
const inhabitants = new Map(membres.map((each) => [each.code, each.populationMunicipale]));
const communes = require("@etalab/decoupage-administratif/data/communes.json");
for (const each of communes) {
  if (each.type === "commune-actuelle" && inhabitants.has(each.code)) inhabitants.set(each.code, each.population);
}

const DAY = 86_400_000;
const MILLIONTH = 1_000_000n;
const utc = (day) => Date.parse(`${day}T00:00:00Z`);
const iso = (time) => new Date(time).toISOString().slice(0, 10);
const weekend = (time) => [0, 6].includes(new Date(time).getUTCDay());

// Easter by Gauss's way for the Gregorian calendar; then the eleven holidays of the Code du travail, L3133-1.
function easter(year) {
  const a = year % 19, b = Math.floor(year / 100), c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const month = Math.floor((h + l - 7 * m + 114) / 31);
  return Date.UTC(year, month - 1, ((h + l - 7 * m + 114) % 31) + 1);
}
function holiday(time) {
  const year = new Date(time).getUTCFullYear();
  const moving = [1, 39, 50].map((days) => easter(year) + days * DAY);
  return moving.includes(time) ||
    ["01-01", "05-01", "05-08", "07-14", "08-15", "11-01", "11-11", "12-25"].includes(iso(time).slice(5));
}
const works = (time) => !weekend(time) && !holiday(time);
function workingDays(first, last) {
  if (last < first) return -workingDays(last, first);
  let days = 0;
  for (let time = first + DAY; time <= last; time += DAY) days += works(time) ? 1 : 0;
  return days;
}
function workingDayAfter(time, count) {
  const step = count > 0 ? DAY : -DAY;
  while (count !== 0) {
    time += step;
    if (works(time)) count -= Math.sign(step);
  }
  return time;
}

// Decimals as whole numbers of millionths.
const exact = (number) => {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(String(number));
  const value = BigInt(whole) * MILLIONTH + BigInt(part.padEnd(6, "0"));
  return sign ? -value : value;
};
const rounded = (value, by) => {
  const positive = value < 0n !== by < 0n ? -1n : 1n;
  const [top, bottom] = [value < 0n ? -value : value, by < 0n ? -by : by];
  return positive * ((2n * top + bottom) / (2n * bottom));
};
const shown = (value) => Number(value) / Number(MILLIONTH);

const ours = {
  plus: (...terms) => shown(terms.map(exact).reduce((sum, term) => sum + term)),
  minus: (from, less) => shown(exact(from) - exact(less)),
  times: (...terms) => shown(terms.map(exact).reduce((product, term) => rounded(product * term, MILLIONTH))),
  divided: (part, by) => shown(rounded(exact(part) * MILLIONTH, exact(by))),
  age: (born, on) => Number(on.slice(0, 4)) - Number(born.slice(0, 4)) - (on.slice(5) < born.slice(5) ? 1 : 0),
  days: (first, last) => (utc(last) - utc(first)) / DAY,
  working_days: (first, last) => workingDays(utc(first), utc(last)),
  day_after: (day, count) => iso(utc(day) + count * DAY),
  working_day_after: (day, count) => iso(workingDayAfter(utc(day), count)),
  month: (day) => Number(day.slice(5, 7)),
  population: (code) => inhabitants.get(code) ?? null,
  length: (list) => list.length,
  total: (list) => shown(list.filter((each) => each !== null).map(exact).reduce((sum, term) => sum + term, 0n)),
};
const other = new LogicEngine();
for (const [name, calculate] of Object.entries(ours)) {
  reference.add_operation(name, calculate);
  other.addMethod(name, (given) => calculate(...(Array.isArray(given) ? given : [given])), { deterministic: true });
}

const cases = JSON.parse(readFileSync(0, "utf-8"));
const answered = (say) => { try { return say() ?? null; } catch (error) { return `threw ${error?.message ?? error}`; } };
process.stdout.write(JSON.stringify(cases.map(({ rule, data }) => [
  answered(() => reference.apply(rule, data)),
  answered(() => other.run(rule, data)),
])));
