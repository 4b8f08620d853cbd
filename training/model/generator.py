"""Block-causal flow-matching transformer over motion tokens with SDCM in every block (ECHO Eq. 1, 4; DiT: Peebles & Xie 2023).

One block of the talk is 4 frames of 12 tokens. A block attends to itself and to the cached keys and values of the last
`cache_blocks` finished blocks, so its cost does not grow with the talk.

    x --embed--> h --[ adaLN(time, expressivity) -> self-attention (+ cache)
                       -> SDCM(avatar audio, f_pu) -> cross-attention(c_emo, identity) -> feed-forward ] x depth--> x_1^

The network tells the clean motion x_1^ that x_t comes from, which lies near a plane of few dimensions where velocities fill the space
(Li & He 2025, "Back to basics"); the velocity is (x_1^ - x_t) / (1 - t). What the voice alone decides is put on the lip tokens of
x_1^ directly (`Articulation`): attention blurs a closure of two frames, a look at the whole window of audio does not. `Stillness` keeps what
hardly moves where it is, and `LipLimit` has the last word.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.model.attention import CrossAttention, FeedForward, LoraLinear, attend
from training.model.config import Behaviour, Clock
from training.model.flow import velocity_towards
from training.model.layout import FACE_MASK, LIP_MASK, TOKEN_WIDTH, TOKENS
from training.model.lip_limit import LipLimit
from training.model.sdcm import SpatialDecoupledModulation
from training.model.stillness import Stillness


@dataclass
class Condition:
    """What M blocks are generated from; shapes without M in brackets. `f_pu` None = stage 1, no user yet."""

    audio: Tensor  # [4,L_w,D] the avatar's own windows
    f_pu: Tensor | None  # [12,D]
    emotion: Tensor  # [8,D]
    expressivity: Tensor  # [1]
    sdcm: Tensor  # [1]
    lau: Tensor  # [1]


@dataclass
class Past:
    """What the blocks of a clean talk leave for one another: for each of M = N*L blocks what it finds there."""

    layers: list[tuple[Tensor, Tensor]]  # keys and values [M,6*4K,W]
    last: Tensor  # [M,K,32] the frame before the block
    known: Tensor  # [M,1] whether there is one


def token_masks(sizes: Behaviour) -> tuple[int, list[float], list[float]]:
    """Tokens a frame with the lip and face masks of the layout. On the grid, a box at the mouth is lip and the border is off the face."""
    if sizes.layout == "regions":
        return TOKENS, list(LIP_MASK), list(FACE_MASK)
    side = sizes.grid
    lip, face = [], []
    for row in range(side):
        for column in range(side):
            y, x = (row + 0.5) / side, (column + 0.5) / side
            is_lip = 0.6 < y < 0.85 and 0.3 < x < 0.7
            is_face = 0.15 < y < 0.9 and 0.15 < x < 0.85 and not is_lip
            lip.append(float(is_lip))
            face.append(float(is_face))
    return side * side, lip, face


def rotary(positions: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine tables [P, dim/2] for rotary position embedding over frames (Su et al. 2021)."""
    frequency = 1.0 / (100.0 ** (torch.arange(0, dim, 2).float() / dim))
    angle = positions[:, None].float() * frequency
    return angle.cos(), angle.sin()


def rotate(x: Tensor, table: tuple[Tensor, Tensor], heads: int) -> Tensor:
    """Turns each pair of channels of x [N,P,W] by its frame's angle."""
    n, p, w = x.shape
    pairs = x.reshape(n, p, heads, 2, w // heads // 2)
    a, b = pairs[:, :, :, 0], pairs[:, :, :, 1]
    cos, sin = table[0][:, None], table[1][:, None]  # [P,1,dim/2]
    return torch.stack([a * cos - b * sin, a * sin + b * cos], dim=3).reshape(n, p, w)


class Articulation(nn.Module):
    """What lips do for the sounds of one frame: window [*,L_w,D] -> lip part of the tokens [*,K,32], zero on every other token."""

    def __init__(self, sizes: Behaviour, tokens: int, lip: list[float], hidden: int = 256):
        super().__init__()
        self.hidden = nn.Linear(sizes.window * sizes.width, hidden)
        self.out = nn.Linear(hidden, int(sum(lip)) * TOKEN_WIDTH)
        self.tokens, self.rows = tokens, [i for i, value in enumerate(lip) if value]
        place = torch.zeros(len(self.rows), tokens)
        place[torch.arange(len(self.rows)), self.rows] = 1
        self.register_buffer("place", place, persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        lips = self.out(torch.nn.functional.gelu(self.hidden(windows.flatten(-2))))
        return torch.matmul(self.place.T.to(lips.dtype), lips.unflatten(-1, (len(self.rows), TOKEN_WIDTH)))


class Reaction(nn.Module):
    """What the face does for what is perceived in this block: f_pu [M,12,D] -> the face tokens of x_1^ [M,4,K,32], zero at birth and on every other token."""

    def __init__(self, sizes: Behaviour, frames: int, face: Tensor, hidden: int = 256):
        super().__init__()
        rows = torch.where(face[:, 0] > 0)[0]
        self.frames, self.rows = frames, len(rows)
        self.hidden = nn.Linear(3 * frames * sizes.width, hidden)
        self.out = nn.Linear(hidden, frames * self.rows * TOKEN_WIDTH)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        place = torch.zeros(self.rows, len(face))
        place[torch.arange(self.rows), rows] = 1
        self.register_buffer("place", place, persistent=False)

    def forward(self, f_pu: Tensor) -> Tensor:
        moves = self.out(torch.nn.functional.gelu(self.hidden(f_pu.flatten(1)))).reshape(-1, self.frames, self.rows, TOKEN_WIDTH)
        return torch.matmul(self.place.T.to(moves.dtype), moves)


class GeneratorBlock(nn.Module):
    """One transformer block. Self-attention is given as a function so that training (whole talks, masked) and streaming (cache) share it."""

    def __init__(self, sizes: Behaviour, frames: int):
        super().__init__()
        w, heads = sizes.generator_width, sizes.generator_heads
        self.norm1 = nn.LayerNorm(w, elementwise_affine=False)
        self.norm2 = nn.LayerNorm(w)
        self.norm3 = nn.LayerNorm(w)
        self.norm4 = nn.LayerNorm(w, elementwise_affine=False)
        self.qkv = LoraLinear(w, 3 * w)
        self.out = LoraLinear(w, w)
        self.sdcm = SpatialDecoupledModulation(sizes, frames)
        self.to_mood = CrossAttention(w, sizes.width, heads)
        self.feed = FeedForward(w)
        self.modulation = nn.Linear(w, 6 * w)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)


class Generator(nn.Module):
    """The flow at x_t: its velocity for one block (`forward`), its clean end for whole talks at once (`train_talk`)."""

    def __init__(self, sizes: Behaviour, clock: Clock):
        super().__init__()
        w = sizes.generator_width
        self.sizes, self.frames = sizes, clock.block_frames
        self.tokens, lip, face = token_masks(sizes)
        self.register_buffer("lip", torch.tensor(lip)[:, None], persistent=False)
        self.register_buffer("face", torch.tensor(face)[:, None], persistent=False)
        self.embed = nn.Linear(2 * TOKEN_WIDTH, w)
        self.place = nn.Parameter(torch.randn(self.tokens, w) * 0.3)
        self.frame = nn.Parameter(torch.randn(self.frames, w) * 0.1)
        self.time_mlp = nn.Sequential(nn.Linear(64, w), nn.SiLU(), nn.Linear(w, w))
        self.expressivity_mlp = nn.Sequential(nn.Linear(2, w), nn.SiLU(), nn.Linear(w, w))
        self.articulation = Articulation(sizes, self.tokens, lip)
        self.reaction: Reaction | None = None  # stage 2 grows it
        self.stillness = Stillness()
        self.limit = LipLimit(sizes) if sizes.layout == "regions" else None  # the motion space that it knows is that of regions
        self.no_emotion = nn.Parameter(torch.randn(sizes.understanding_tokens, sizes.width) * 0.5)
        self.blocks = nn.ModuleList(GeneratorBlock(sizes, self.frames) for _ in range(sizes.generator_depth))
        self.final_norm = nn.LayerNorm(w, elementwise_affine=False)
        self.final_modulation = nn.Linear(w, 2 * w)
        self.final = nn.Linear(w, TOKEN_WIDTH)
        nn.init.zeros_(self.final.weight)
        nn.init.zeros_(self.final.bias)

    def grow_reaction(self) -> list[nn.Parameter]:
        """Stage 2: a direct path from the user to the face, as `Articulation` is one from the voice to the lips. Gives its parameters."""
        self.reaction = Reaction(self.sizes, self.frames, self.face)
        return list(self.reaction.parameters())

    # -- shared parts ----------------------------------------------------------------------------------------------------

    def _signal(self, time: Tensor, condition: Condition) -> Tensor:
        """[M,1] -> adaLN signal [M,W] from time, expressivity and the sdcm switch."""
        frequency = torch.exp(-math.log(1000.0) * torch.arange(32, device=time.device) / 32)
        angle = time * 1000.0 * frequency
        wave = torch.cat([angle.cos(), angle.sin()], dim=-1)
        return self.time_mlp(wave) + self.expressivity_mlp(torch.cat([condition.expressivity, condition.sdcm], dim=-1))

    def _mood(self, condition: Condition, identity: Tensor) -> Tensor:
        """c_emo (or what stands for none) and the identity tokens [M,4,D], as one context."""
        on = condition.lau[:, :, None]
        return torch.cat([on * condition.emotion + (1 - on) * self.no_emotion, identity], dim=1)

    def _tokens(self, x: Tensor, spoken: Tensor) -> Tensor:
        """x and what the voice says of it [M,4,K,32] -> h [M,4K,W]."""
        h = self.embed(torch.cat([x, spoken.to(x.dtype)], dim=-1))
        return (h + (self.place + self.frame[:, None]).to(h.dtype)).flatten(1, 2)

    def _run(self, x: Tensor, time: Tensor, condition: Condition, identity: Tensor, attention, last: Tensor, known: Tensor) -> tuple[Tensor, list[Tensor]]:
        """x [M,4,K,32] -> x_1^ of the same shape. `attention(index, block, normed) -> [M,4K,W]` mixes over tokens; `last` and `known` as in `Past`.
        Also gives each block's features (Eq. 12)."""
        spoken = self.articulation(condition.audio)
        h, signal, mood = self._tokens(x, spoken), self._signal(time, condition), self._mood(condition, identity)
        features = []
        on = condition.sdcm[:, :, None]
        for index, block in enumerate(self.blocks):
            s1, b1, g1, s2, b2, g2 = (m[:, None] for m in block.modulation(torch.nn.functional.silu(signal)).chunk(6, dim=-1))
            h = h + (1 + g1) * attention(index, block, block.norm1(h) * (1 + s1) + b1)
            h = h + block.sdcm(block.norm2(h), condition.audio, condition.f_pu, self.lip, self.face, on)  # h^ = h + h_lip + h_face
            h = h + block.to_mood(block.norm3(h), mood)
            h = h + (1 + g2) * block.feed(block.norm4(h) * (1 + s2) + b2)
            features.append(h)
        shift, scale = self.final_modulation(torch.nn.functional.silu(signal))[:, None].chunk(2, dim=-1)
        h = self.final_norm(h) * (1 + scale) + shift
        clean = self.final(h).reshape(x.shape).float() + spoken.float()
        if self.reaction is not None and condition.f_pu is not None:
            clean = clean + self.reaction(condition.f_pu).float()
        if self.limit is None:
            return self.stillness(clean, last, known, self.lip.expand(*clean.shape[:3], 1)), features
        heard = self.limit.hear(condition.audio)
        clean = self.stillness(clean, last, known, self.lip * heard.voiced[..., None, None])
        return self.limit(clean, heard), features

    def _frame_positions(self, blocks: int) -> Tensor:
        return torch.arange(blocks * self.frames).repeat_interleave(self.tokens)

    # -- streaming: one block, caches in and out -------------------------------------------------------------------------

    def initial_cache(self, batch: int) -> dict[str, Tensor]:
        """Keys are kept unrotated and get their place, relative to the present, when they are read."""
        length = self.sizes.cache_blocks * self.frames * self.tokens
        shape = (batch, self.sizes.generator_depth, length, self.sizes.generator_width)
        return {"cache_k": torch.zeros(shape), "cache_v": torch.zeros(shape), "cache_mask": torch.zeros(batch, length), "last": torch.zeros(batch, self.tokens, TOKEN_WIDTH)}

    def forward(self, x: Tensor, time: Tensor, condition: Condition, identity: Tensor, cache: dict[str, Tensor]):
        """x [N,4,K,32], time [N,1], identity [N,4,D] -> velocity [N,4,K,32] and the next cache, which holds *this* x as the newest block."""
        heads, dim = self.sizes.generator_heads, self.sizes.generator_width // self.sizes.generator_heads
        past, now = self.sizes.cache_blocks, self.frames * self.tokens
        positions = self._frame_positions(past + 1).to(x.device)
        table_all = rotary(positions, dim)
        table_now = tuple(t[past * now :] for t in table_all)
        n = x.shape[0]
        open_keys = torch.cat([cache["cache_mask"], x.new_ones(n, now)], dim=1)
        mask = ((1 - open_keys) * -1e4)[:, None, None, :]
        next_k, next_v = [], []

        def attention(index: int, block: GeneratorBlock, h: Tensor) -> Tensor:
            q, k, v = block.qkv(h).chunk(3, dim=-1)
            keys = torch.cat([cache["cache_k"][:, index], k], dim=1)
            values = torch.cat([cache["cache_v"][:, index], v], dim=1)
            next_k.append(keys[:, now:])
            next_v.append(values[:, now:])
            return block.out(attend(rotate(q, table_now, heads), rotate(keys, table_all, heads), values, heads, mask))

        clean, _ = self._run(x, time, condition, identity, attention, cache["last"], cache["cache_mask"][:, -1:])
        return velocity_towards(clean, x, time[:, :, None, None]), {
            "last_next": x[:, -1],
            "cache_k_next": torch.stack(next_k, 1),
            "cache_v_next": torch.stack(next_v, 1),
            "cache_mask_next": torch.cat([cache["cache_mask"], x.new_ones(n, now)], dim=1)[:, now:],
        }

    # -- training: whole talks, every block at once ----------------------------------------------------------------------

    def train_talk(self, clean: Tensor, noisy: Tensor, time: Tensor, condition: Condition, identity: Tensor):
        """Teacher forcing: noisy block j attends to itself and to clean blocks j-6 .. j-1, exactly as streaming does.

        clean, noisy [N,L,4,K,32]; time [N,L]; condition tensors [N*L, ...]; identity [N,4,D].
        Gives x_1^ [N,L,4,K,32] of the noisy stream and its features, one [N*L,4K,W] a block.
        """
        return self.on_past(self.past_of(clean, condition, identity), noisy, time, condition, identity)

    def past_of(self, clean: Tensor, condition: Condition, identity: Tensor) -> Past:
        """What the blocks of a clean talk [N,L,4,K,32] leave for one another."""
        n, blocks = clean.shape[:2]
        last = torch.cat([torch.zeros_like(clean[:, :1, -1]), clean[:, :-1, -1]], 1).flatten(0, 1).detach()
        known = (torch.arange(blocks, device=clean.device) > 0).to(clean.dtype).expand(n, -1).reshape(-1, 1)
        past = Past([], last, known)
        self._talk(clean, torch.ones(clean.shape[:2], device=clean.device), condition, identity, past, make=True)
        return past

    def on_past(self, past: Past, noisy: Tensor, time: Tensor, condition: Condition, identity: Tensor):
        """`train_talk` on a past that is known already: samplers look at the same one at every step."""
        ends, features = self._talk(noisy, time, condition, identity, past, make=False)
        return ends.reshape(noisy.shape), features

    def _talk(self, x: Tensor, time: Tensor, condition: Condition, identity: Tensor, past: Past, make: bool):
        """All blocks of x [N,L,4,K,32] at once; `make` fills `past` with what they leave for one another, else they read it."""
        n, blocks = x.shape[:2]
        m, now, reach = n * blocks, self.frames * self.tokens, self.sizes.cache_blocks
        heads, w = self.sizes.generator_heads, self.sizes.generator_width
        table = tuple(t.to(x.device) for t in rotary(self._frame_positions(blocks), w // heads))
        faces = identity[:, None].expand(-1, blocks, -1, -1).reshape(m, *identity.shape[1:])
        block_of = torch.arange(reach * now, device=x.device) // now  # which of the past blocks a key is of
        seen = block_of[None] + torch.arange(blocks, device=x.device)[:, None] >= reach  # [L, reach*now]
        mask = torch.cat([torch.where(seen, 0.0, -1e4), torch.zeros(blocks, now, device=x.device)], 1)
        mask = mask[None, :, None, None].expand(n, -1, -1, -1, -1).reshape(m, 1, 1, (reach + 1) * now)

        def before(own: Tensor) -> Tensor:
            """[N,L*4K,W] -> the six blocks before each, [N*L,6*4K,W]."""
            padded = torch.nn.functional.pad(own, (0, 0, reach * now, 0))
            return torch.cat([padded[:, i * now : (i + blocks) * now].reshape(m, now, w) for i in range(reach)], dim=1)

        def attention(index: int, block: GeneratorBlock, h: Tensor) -> Tensor:
            q, k, v = block.qkv(h).reshape(n, blocks * now, 3 * w).chunk(3, dim=-1)
            q, k = rotate(q, table, heads), rotate(k, table, heads)
            if make:
                past.layers.append((before(k), before(v)))
            keys, values = (torch.cat([old, own.reshape(m, now, w)], dim=1) for old, own in zip(past.layers[index], (k, v)))
            return block.out(attend(q.reshape(m, now, w), keys, values, heads, mask))

        return self._run(x.reshape(m, self.frames, self.tokens, TOKEN_WIDTH), time.reshape(m, 1), condition, faces, attention, past.last, past.known)
