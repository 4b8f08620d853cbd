"""What the training voices say: our own English sentences, hand-written or from a small grammar, each with its mood.

The grammar never crosses the split: a sentence belongs to "train" or "held-out" by a hash of its words.
"""

import itertools
import zlib
from typing import NamedTuple

import numpy as np


class Text(NamedTuple):
    """One line to speak; `mood` is a key of `voices.EMOTION_PROSODY`; `split` is "train" or "held-out"."""

    text: str
    mood: str
    split: str


# Everyday talk, phone by phone rich: every ARPAbet phone, many clusters, many p b m f v w.
_NEUTRAL = """
Hello, it is good to meet you.
Good morning. Did you sleep well?
Thanks for calling, how can I help?
Let me think about that for a moment.
I usually walk to work when the weather is fine.
The bus was late again, so I took my bike.
Could you say that one more time, please?
We moved here about five years ago.
My brother builds wooden boats in a small workshop by the bay.
Please put the paper bag on top of the piano.
Maybe we should book the table before everybody else does.
Five of the videos were over four minutes long.
I bought a box of plums, a pie, and a big bag of bread.
She measured the pleasure of the voyage by the beauty of the beach.
The judge changed the large orange badge.
Which of these watches was cheaper?
They thought that the third path was smoother than the others.
Both of my brothers breathe through their mouths when they sleep.
The king was singing along with a long song.
You used to play the tuba, did you not?
How now, would you rather go out or stay around the house?
The boy enjoyed his noisy toys.
My mum keeps a map of the museum in her pocket.
Peter put the purple paper under the pepper pot.
Bob brought both of the bags back by bus.
Mary may make more marmalade in the morning.
Fifty funny faces filled the front of the fairground.
Very few visitors value the view over the valley.
We would walk along the wall while the wind was warm.
Usually the garage is open, but today it is closed.
Her first word was bird, and the second was turtle.
The red car raced around the corner and ran up the road.
Look, the good cook took my book.
Blue moon, cool pool, new shoes, too few.
He hopes to open the old boat tomorrow.
All along the lawn there are small walls and tall stalks.
Sit still and listen to this little whistle.
Eat these green peas, please, and leave me the cheese.
The cat sat at the back of the van and had a nap.
Father parked the car far from the calm harbour.
What a strange question, I have never thought about it.
The number you want is seven, eight, four, one, nine.
There are twenty six chairs and only thirteen tables.
It costs about forty five pounds, or fifty two with the box.
My train leaves at a quarter past six in the evening.
Turn left at the bridge, then take the second street on the right.
Could you open the window a little? It is warm in here.
I will send you the file before noon.
The meeting has been moved from Thursday to Monday.
I am not sure whether the shop is open on Sunday.
Somebody left a black umbrella behind the door.
The museum is free on the first Friday of each month.
Would you like tea, or perhaps a cup of coffee?
I have been learning to cook with very little salt.
The film was about a family who live above a bakery.
We could meet by the fountain and go from there.
Do you remember the name of that small village?
My phone battery is nearly empty, may I use yours?
Just give me a minute to find my glasses.
The garden needs some water before the weekend.
Put the milk back into the fridge, please.
I prefer the quiet carriage when I travel by train.
The library closes at eight, so we still have time.
There is a fresh loaf of bread on the shelf.
As far as I know, nobody has asked for it yet.
I watched the ships move slowly out of the harbour.
He speaks four languages, but he whispers in all of them.
The weather map shows rain above the mountains.
Some of the shelves were empty, others were full of jars.
My sister studies physics, and my cousin paints portraits.
It takes about half an hour if the traffic is light.
I usually buy fish at the market near the bridge.
You can leave your jacket on the hook by the stairs.
Which way would you go if the road were closed?
We should probably measure it twice before we cut it.
The path through the forest is muddy in the spring.
""".strip().splitlines()

_HAPPY = """
Oh, that is wonderful! I am so happy for you!
Guess what, we won the first prize!
Happy birthday! I baked your favourite cake!
I cannot believe it, you made it in time!
That was the best meal I have had in months!
Brilliant! That is a really beautiful idea!
My baby niece smiled at me today, it was adorable!
We finally got the keys to our new home!
You look fantastic, that colour is perfect for you!
What a lovely surprise, come in, come in!
Hooray, the holidays begin tomorrow!
I laughed so much that my cheeks hurt!
That puppy is the funniest thing I have ever seen!
They said yes! I got the job!
Thank you so much, you made my whole week!
I feel ten years younger after that swim!
Fantastic news, everybody passed the exam!
This song always makes me want to dance!
The sun is out, the birds are singing, what a morning!
Ha, that is a very good joke, tell me another one!
""".strip().splitlines()

_SAD = """
I am sorry, I do not feel much like talking today.
Our old dog died last week, and the house feels empty.
I miss my friends more than I thought I would.
They told me that the job went to somebody else.
It has been raining for days, and so have I, in a way.
I tried my best, but it was not enough.
We said goodbye at the airport, and I cried all the way home.
Nobody remembered that it was my birthday.
Sometimes I wonder whether I made the wrong choice.
My grandmother is ill, and I am worried about her.
I broke the cup that my mother gave me.
The band I loved has stopped playing.
I am so tired of waiting for good news.
It hurts to see the shop closed after all these years.
I wish I had called him one more time.
Everything seems a bit grey at the moment.
I failed the test again, I feel awful.
Perhaps it would be better to stay at home.
""".strip().splitlines()

_ANGRY = """
No, that is not what we agreed!
I have told you five times, please stop that!
This is the third bill with the same mistake!
How could you forget about me again?
Someone took my bicycle right in front of the building!
I am fed up with this broken printer!
That is simply not fair, and you know it!
Why does nobody ever pick up the phone?
Do not blame me for a problem that you made!
Move that van, it blocks the whole path!
You promised it would be finished by Monday!
I waited for over two hours, and nobody came!
""".strip().splitlines()

_SURPRISED = """
Wait, what? When did that happen?
Really? I had no idea about that!
Oh my, where did you find this?
You did what? All by yourself?
Wow, it is already half past nine!
No way, is that really you?
Goodness, what a huge bouquet of flowers!
You mean the whole building belongs to them?
Oh! I thought you were in Vienna until Friday!
How on earth did the cat get up there?
She is a pilot? I always thought she was a baker!
Are you serious, for free?
""".strip().splitlines()

_BORED = """
Well, it was more or less the same as last week.
I suppose we could watch something, if you want.
The talk went on and on about paper sizes.
Yes, I heard that story before.
There is not much to do here on a Sunday.
I filled in forms all morning.
Fine, whatever you prefer.
We waited, and then we waited some more.
It was a very, very long meeting about meetings.
I guess that is all I have to say about it.
""".strip().splitlines()

# (mood, template, word lists); a template is filled with some of the combinations, spread evenly.
_GRAMMAR: tuple[tuple[str, str, tuple[tuple[str, ...], ...], int], ...] = (
    ("neutral", "{} {} {} near the {}.", (
        ("My neighbour", "The woman in blue", "Our teacher", "A young man", "The postman", "Somebody I know"),
        ("bought a", "found a", "painted a", "lost a", "repaired a", "photographed a"),
        ("boat", "purple lamp", "wooden chair", "violin", "bright mirror", "huge map", "camera", "fence"),
        ("river", "bakery", "old church", "village pub", "football field", "museum")), 70),
    ("neutral", "{} {} {}?", (
        ("Would you", "Could we", "Should I", "Do they", "Why would anyone", "When can we"),
        ("move the", "borrow the", "open the", "clean the", "bring the", "choose the"),
        ("blue bowls", "heavy boxes", "film", "wall clock", "front bedroom", "other path", "garden furniture", "fresh vegetables")), 60),
    ("neutral", "It is {} {} on the {} of {}.", (
        ("ten past", "a quarter to", "half past", "exactly", "nearly", "five to"),
        ("four", "seven", "nine", "eleven", "one", "six"),
        ("first", "third", "fifth", "twelfth", "thirtieth", "twenty second"),
        ("January", "March", "May", "August", "September", "November")), 50),
    ("neutral", "I counted {} {} and {} {}.", (
        ("twelve", "forty seven", "a hundred and three", "eighteen", "two thousand", "sixty five"),
        ("sheep", "ships", "pigeons", "violins", "mushrooms", "beavers"),
        ("nine", "thirty two", "five", "four", "eighty one", "fourteen"),
        ("thieves", "bees", "wolves", "chefs", "goats", "judges")), 40),
    ("happy", "{} {} {}!", (
        ("I love that", "It is so great that", "I am really glad that", "How wonderful that", "We are thrilled that"),
        ("you", "they", "your parents", "both of them", "my best friends"),
        ("came to visit", "found a new home", "are going to Paris", "will be playing together", "made up at last", "passed every exam")), 50),
    ("sad", "{} {}, {}.", (
        ("I feel lonely", "I am disappointed", "It makes me sad", "I could not sleep", "I am heartbroken"),
        ("because my friend moved away", "since the summer was over", "when the letter came", "now that the house is sold", "after what he told me"),
        ("but I will manage", "and I do not know why", "if I am honest", "and that is hard to say")), 40),
    ("angry", "{} {} {}!", (
        ("Stop", "I am tired of", "I really hate", "Enough of"),
        ("breaking", "moving", "borrowing", "throwing away"),
        ("my things without asking", "everybody's bikes", "the good knives", "half of our furniture")), 24),
    ("surprised", "{} {} {}?", (
        ("Wait, you", "Hold on, they", "Seriously, your mother", "What, the mayor"),
        ("flew over", "bought", "swam across", "photographed", "walked past"),
        ("the whole bay", "a five metre shark", "the royal palace", "that famous volcano")), 30),
    ("bored", "{} {} {}.", (
        ("And then we", "As usual, they", "Once more, I"),
        ("talked about", "walked around", "looked through", "waited for"),
        ("the same old files", "the office furniture", "another long form", "the bus home")), 20),
)  # fmt: skip

_MOODS = {"neutral": _NEUTRAL, "happy": _HAPPY, "sad": _SAD, "angry": _ANGRY, "surprised": _SURPRISED, "bored": _BORED}
_HELD_OUT_SHARE = 8  # one in eight


def _filled(template: str, lists: tuple[tuple[str, ...], ...], count: int, seed: int) -> list[str]:
    """`count` different sentences of a template, the same ones every time."""
    every = list(itertools.product(*lists))
    chosen = np.random.default_rng(seed).choice(len(every), size=min(count, len(every)), replace=False)
    return [template.format(*every[index]) for index in sorted(chosen)]


def _split(text: str) -> str:
    return "held-out" if zlib.crc32(text.encode()) % _HELD_OUT_SHARE == 0 else "train"


def _every_text() -> tuple[Text, ...]:
    lines = [(line.strip(), mood) for mood, hand in _MOODS.items() for line in hand]
    for number, (mood, template, lists, count) in enumerate(_GRAMMAR):
        lines += [(line, mood) for line in _filled(template, lists, count, 100 + number)]
    return tuple(Text(line, mood, _split(line)) for line, mood in dict(lines).items())


TEXTS: tuple[Text, ...] = _every_text()


def sample_text(seed: int, split: str = "train") -> Text:
    """One line of the split; each mood is as likely as its share of all lines."""
    lines = [text for text in TEXTS if text.split == split]
    if not lines:
        raise ValueError(f'split must be "train" or "held-out", got {split!r}')
    return lines[int(np.random.default_rng([seed, 0x7E87]).integers(len(lines)))]
