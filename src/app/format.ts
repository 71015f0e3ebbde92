/** Numbers as the page prints them. */

export function fixed(value: number, digits: number): string {
  // A true minus sign, as wide as a plus in tabular figures.
  return value
    .toFixed(digits)
    .replace("-", "−")
    .replace(/^−(0(\.0*)?)$/, "$1");
}

/** "0.025", "3e-4", "25,000": as short as exact allows. */
export function plain(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return HUNDREDTHS.format(value);
  if (size < 1e-3) return value.toExponential().replace("e-", "e−").replace(/^-/, "−");
  return String(value).replace("-", "−");
}

/** Made once: making one costs more than a thousand uses. */
const WHOLE = new Intl.NumberFormat("en");
const HUNDREDTHS = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

const PREFIXES = ["k", "M", "G", "T", "P"];

/** "1,531,546", "24.6 k", "1.5 M": three digits and a prefix. */
export function short(value: number): string {
  if (value < 1000) return String(Math.round(value));
  const thousands = Math.min(PREFIXES.length, Math.floor(Math.log10(value) / 3));
  const [scaled, unit] = [value / 1000 ** thousands, PREFIXES[thousands - 1]];
  return `${scaled < 100 ? scaled.toPrecision(3).replace(/\.?0+$/, "") : Math.round(scaled)} ${unit}`;
}

export function count(value: number): string {
  return WHOLE.format(Math.round(value));
}

/** Minutes and seconds, "1:05"; hours where there are any. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "31.4 s", "1:05": a time that a run took. */
export function duration(seconds: number): string {
  return seconds < 60 ? `${fixed(seconds, 1)} s` : clock(seconds);
}

/** A probability in words of frequency: "1 in 15,625", "37 in 100", "< 1 in 1,000,000"; nothing is rounded up to certain. */
export function frequency(probability: number): string {
  if (probability >= 0.995 && probability < 1) return "over 99 in 100";
  if (probability >= 0.095) return `${Math.round(100 * probability)} in 100`;
  if (probability <= 0) return "never";
  if (probability < 1e-6) return "< 1 in 1,000,000";
  return `1 in ${count(1 / probability)}`;
}
