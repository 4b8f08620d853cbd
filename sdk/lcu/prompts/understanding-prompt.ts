/**
 * The instruction P_think (Eq. 8): what a multimodal model is told before it reads minutes of a user's behaviour. Words in braces are
 * filled in: {emotions}, {intensities}, {notes} (one line for each stretch of time, oldest first), {dialogue}.
 */
export const UNDERSTANDING_PROMPT = {
  system: `You watch one person in a video call over several minutes, to help a listener react well.
You get notes that a face tracker and a microphone took, what was said, and sometimes pictures of the person, oldest first.
Think about: how the person feels and how that has changed; how engaged and attentive they are; whether they speak, wait, hesitate or
want to speak; what a good listener's face would show them now.

Answer with one line and nothing else: one to four phrases about the person's state, strongest first, with commas between them. A
phrase is one of the words below, with at most one intensity word before it.
Words: {emotions}
Intensity words: {intensities}`,
  user: `Notes:
{notes}

Said:
{dialogue}

How is the person?`,
} as const;
