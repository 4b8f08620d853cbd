"""Tokens -> 96 keypoints of one avatar, trained against the true projections of its mesh."""

from torch import Tensor, nn

from training.model.layout import KEYPOINTS, TOKEN_WIDTH, TOKENS


class KeypointHead(nn.Module):
    """tokens [F,12,32], the avatar's keypoints at rest [96,2] (-1..1, y down) -> keypoints [F,96,2] and local features [F,96,C]."""

    def __init__(self, features: int, hidden: int = 384):
        super().__init__()
        self.features = features
        self.motion_in = nn.Linear(TOKENS * TOKEN_WIDTH, hidden)
        self.rest_in = nn.Linear(KEYPOINTS * 2, hidden)
        self.rest_scale = nn.Linear(KEYPOINTS * 2, hidden)
        self.mix = nn.Sequential(nn.GELU(), nn.Linear(hidden, hidden), nn.GELU())
        self.linear = nn.Linear(TOKENS * TOKEN_WIDTH, KEYPOINTS * 2)
        self.move = nn.Linear(hidden, KEYPOINTS * 2)
        self.local = nn.Linear(hidden, KEYPOINTS * features)
        nn.init.zeros_(self.rest_scale.weight)
        nn.init.zeros_(self.rest_scale.bias)

    def forward(self, tokens: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
        flat = tokens.flatten(1)
        shape = rest.reshape(rest.shape[0] if rest.dim() == 3 else 1, -1)  # [F or 1, 192]
        h = self.mix(self.motion_in(flat) * (1 + self.rest_scale(shape)) + self.rest_in(shape))
        points = rest + 0.1 * (self.move(h) + self.linear(flat)).reshape(-1, KEYPOINTS, 2)
        return points, self.local(h).reshape(-1, KEYPOINTS, self.features)
