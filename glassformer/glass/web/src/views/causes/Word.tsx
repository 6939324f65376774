// A word in a sentence about it, in its own direction.

export const Word = ({ text }: { text: string }) => <b class="word"><bdi>{text}</bdi></b>;
