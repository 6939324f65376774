// A labelled choice among few things, as buttons side by side (radio pattern) or, for many, as a list.

interface Props<T extends string | number> {
  label: string;
  value: T;
  options: readonly (readonly [NoInfer<T>, string])[];
  onChange(value: NoInfer<T>): void;
}

const MANY = 8;

export function Choice<T extends string | number>({ label, value, options, onChange }: Props<T>) {
  const pick = (text: string) => onChange(options.find(([one]) => String(one) === text)![0]);
  if (options.length > MANY) {
    return (
      <label class="choice">
        {label}
        <select value={value} onChange={(event) => pick(event.currentTarget.value)}>
          {options.map(([one, text]) => <option key={one} value={one}>{text}</option>)}
        </select>
      </label>
    );
  }
  return (
    <fieldset class="choice segmented">
      <legend>{label}</legend>
      {options.map(([one, text]) => (
        <label key={one} class={one === value ? "on" : ""}>
          <input type="radio" name={label} value={one} checked={one === value} onChange={() => onChange(one)} />
          {text}
        </label>
      ))}
    </fieldset>
  );
}
