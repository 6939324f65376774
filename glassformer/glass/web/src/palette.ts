// Colours for numbers. Blue and orange stay apart for every kind of colour blindness; lightness carries the size.

type Colour = readonly [number, number, number];

const STOPS: { readonly [scale in "diverging" | "sequential"]: { readonly [theme in "light" | "dark"]: readonly Colour[] } } = {
  diverging: {
    light: [[11, 72, 138], [90, 155, 212], [247, 247, 248], [240, 152, 74], [163, 66, 4]],
    dark: [[139, 202, 255], [44, 113, 178], [24, 27, 34], [184, 90, 20], [255, 190, 120]],
  },
  sequential: {
    light: [[250, 251, 253], [172, 210, 236], [77, 150, 200], [18, 90, 158], [7, 42, 92]],
    dark: [[24, 27, 34], [22, 62, 110], [30, 112, 176], [92, 174, 232], [206, 234, 255]],
  },
};

export type ScaleKind = keyof typeof STOPS;

/** From numbers to colours: `least` to `most`, and 0 in the middle of a diverging scale. */
export interface Scale {
  readonly kind: ScaleKind;
  readonly least: number;
  readonly most: number;
}

/** The scale of some numbers: sequential where all have one sign, else diverging and symmetric about 0. */
export function scaleOf(values: Iterable<number>): Scale {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) return { kind: "sequential", least: 0, most: 1 };
  if (least >= 0) return { kind: "sequential", least: 0, most: most || 1 };
  if (most <= 0) return { kind: "sequential", least, most };
  const size = Math.max(-least, most);
  return { kind: "diverging", least: -size, most: size };
}

/** Attention weights and probabilities: always 0 to 1. */
export const UNIT: Scale = { kind: "sequential", least: 0, most: 1 };

/** A value's colour: red, green, blue, 0 to 255. */
export function rgb({ kind, least, most }: Scale, value: number, dark: boolean): Colour {
  const stops = STOPS[kind][dark ? "dark" : "light"];
  const place = Math.min(Math.max((value - least) / (most - least), 0), 1) * (stops.length - 1);
  const i = Math.min(Math.floor(place), stops.length - 2);
  const mix = (channel: 0 | 1 | 2) => Math.round(stops[i][channel] + (place - i) * (stops[i + 1][channel] - stops[i][channel]));
  return [mix(0), mix(1), mix(2)];
}

/** The fill of a value, as CSS. */
export const fill = (scale: Scale, value: number, dark: boolean): string => `rgb(${rgb(scale, value, dark).join(" ")})`;

/** Text that can be read on the fill of a value: black or white, whose contrasts are equal (4.6) at a luminance of 0.179. */
export function inkOn(scale: Scale, value: number, dark: boolean): string {
  const [red, green, blue] = rgb(scale, value, dark).map((c) => (c / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}

/** The whole scale as a CSS gradient, for a legend. */
export const gradient = (kind: ScaleKind, dark: boolean): string =>
  `linear-gradient(to right, ${STOPS[kind][dark ? "dark" : "light"].map((c) => `rgb(${c.join(" ")})`).join(", ")})`;
