"""Text encoder of the avatar's written emotional state: y_emo -> c_emo (ECHO Eq. 3 ff.), over a closed vocabulary."""

import re

import torch
from torch import Tensor, nn

from training.model.attention import CrossAttention, FeedForward
from training.model.config import Behaviour

PAD, UNKNOWN = 0, 1


def tokenize(text: str, vocabulary: dict[str, int], length: int) -> list[int]:
    """Lower-case words of a-z and ', looked up; unknown words are 1; cut or padded with 0 to `length`."""
    ids = [vocabulary.get(word, UNKNOWN) for word in re.findall(r"[a-z']+", text.lower())][:length]
    return ids + [PAD] * (length - len(ids))


class TextEncoder(nn.Module):
    """ids int32 [N,L] -> emotion [N,8,D]. Unknown words carry no mood of their own; an empty text gives the queries alone."""

    def __init__(self, sizes: Behaviour, words: int, heads: int = 4):
        super().__init__()
        d = sizes.width
        self.embed = nn.Embedding(words, d)
        self.place = nn.Parameter(torch.randn(sizes.text_tokens, d) * 0.02)
        self.norm = nn.LayerNorm(d)
        self.mix = CrossAttention(d, d, heads)
        self.queries = nn.Parameter(torch.randn(sizes.understanding_tokens, d) * 0.5)
        self.read = CrossAttention(d, d, heads)
        self.feed = FeedForward(d, 2)
        self.out_norm = nn.LayerNorm(d)

    def forward(self, ids: Tensor) -> Tensor:
        known = (ids > UNKNOWN).float()  # [N,L]
        blocked = ((1 - known) * -1e4)[:, None, None, :]
        h = self.embed(ids) * known[:, :, None] + self.place
        normed = self.norm(h)
        h = h + self.mix(normed, normed, blocked)
        any_word = known.amax(dim=1)[:, None, None]
        c = self.queries + self.read(self.queries.expand(ids.shape[0], -1, -1), h, blocked) * any_word
        return self.out_norm(c + self.feed(c))
