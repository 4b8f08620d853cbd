"""GLSL sources of the head renderer (OpenGL 3.3). Light is worked out per vertex (the meshes are fine for the picture size),
per pixel only on the eyes; that keeps software rendering fast. Colours are squared and square-rooted in place of gamma 2.2.
"""

_LIGHT = """
uniform vec3 camera, sky, ground, key, key_direction, fill, fill_direction;
vec3 lit(vec3 n, vec3 direction, vec3 power, vec3 wrap) {
    return power * clamp((dot(n, direction) + wrap) / (1.0 + wrap), 0.0, 1.0);
}
float gloss(vec3 n, vec3 view, vec3 direction, float sharp) {
    vec3 h = normalize(view + direction);
    return pow(max(dot(n, h), 0.0), sharp) * smoothstep(-0.05, 0.25, dot(n, direction));
}
vec3 diffuse(vec3 n, vec3 wrap) {
    return mix(ground, sky, 0.5 + 0.5 * n.y) + lit(n, key_direction, key, wrap) + lit(n, fill_direction, fill, wrap);
}
"""

_VERTEX = """
uniform mat4 clip;
uniform float bias;
uniform vec3 tint;
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in float in_shade;
in float in_fade;
out vec2 uv;
out float fade;
out vec3 light;   // multiplies the texture
out vec3 shine;   // is added
#ifdef EYE
out vec3 position;
out vec3 normal;
#endif
void main() {
    uv = in_uv;
    fade = in_fade;
    gl_Position = clip * vec4(in_position, 1.0);
    gl_Position.z -= bias * gl_Position.w;
#ifndef FLAT
    vec3 view = normalize(camera - in_position);
    vec3 n = in_normal;
    shine = vec3(0.0);
#if defined(SKIN)
    light = diffuse(n, vec3(0.42, 0.24, 0.18));
    float wet = in_shade < 0.99 ? 1.6 : 1.0;
    float s = 0.055 * gloss(n, view, key_direction, 18.0) + 0.05 * gloss(n, view, key_direction, 60.0)
            + 0.03 * gloss(n, view, fill_direction, 14.0);
    shine = wet * s * (key + fill) + 0.035 * pow(1.0 - max(dot(n, view), 0.0), 4.0) * sky;
#elif defined(EYE)
    light = 0.55 * diffuse(n, vec3(0.25)) + 0.22;
    position = in_position;
    normal = n;
#elif defined(MOUTH)
    light = diffuse(n, vec3(0.25));
    shine = vec3(0.08 * gloss(n, view, key_direction, 40.0));
#elif defined(CARD)
    if (dot(n, view) < 0.0) n = -n;
    light = diffuse(n, vec3(0.5));
    vec3 strand = normalize(vec3(0.0, -1.0, 0.12) + n * n.y + vec3(1e-4));
    float along = dot(strand, normalize(view + key_direction));
    float s = pow(max(1.0 - along * along, 0.0), 24.0) * max(dot(n, key_direction) + 0.2, 0.0);
    light += 0.9 * s * key;
    shine = 0.018 * s * key * tint;
#else
    light = diffuse(n, vec3(0.25));
#endif
    light *= in_shade * tint;
    shine *= in_shade;
#endif
}
"""

_FRAGMENT = """
uniform sampler2D image;
in vec2 uv;
in float fade;
in vec3 light;
in vec3 shine;
#ifdef EYE
in vec3 position;
in vec3 normal;
#endif
out vec4 colour;
void main() {
    vec4 texel = texture(image, uv);
    float alpha = clamp(fade, 0.0, 1.0);
#ifdef CARD
    alpha = min(alpha * texel.a * 1.087, 1.0);
#endif
#ifdef CLOTH
    float weave = 0.98 + 0.02 * sin(uv.x * 420.0) * sin(uv.y * 420.0);
    vec3 result = light * weave;
#else
    vec3 result = texel.rgb * texel.rgb * light + shine;
#endif
#ifdef EYE
    if (texel.a < 0.5) discard;
    vec3 n = normalize(normal);
    vec3 view = normalize(camera - position);
    float lid = 1.0 - 0.42 * smoothstep(0.05, 0.55, n.y) - 0.25 * smoothstep(0.35, 0.85, abs(n.x));
    float dark = 1.0 - smoothstep(0.0, 0.35, dot(texel.rgb, vec3(0.33)));
    result = (result + 0.9 * gloss(n, view, key_direction, 420.0) + 0.12 * gloss(n, view, key_direction, 40.0) * (0.3 + dark)
           + 0.3 * gloss(n, view, fill_direction, 300.0)) * lid;
#endif
    colour = vec4(sqrt(clamp(result, 0.0, 1.0)) * alpha, alpha);
}
"""

_FLAT_FRAGMENT = """
uniform sampler2D image;
uniform float cut;
uniform float label;
in vec2 uv;
in float fade;
out vec4 colour;
void main() {
    if (texture(image, uv).a * clamp(fade, 0.0, 1.0) < cut) discard;
    colour = vec4(label / 255.0);
}
"""

SCREEN_VERTEX = """
#version 330
in vec2 in_corner;
out vec2 place;
void main() {
    place = vec2(0.5 + 0.5 * in_corner.x, 0.5 - 0.5 * in_corner.y);
    gl_Position = vec4(in_corner, 0.0, 1.0);
}
"""

RESOLVE_FRAGMENT = """
#version 330
uniform sampler2D image;
uniform int factor;
in vec2 place;
out vec4 colour;
void main() {
    ivec2 size = textureSize(image, 0);
    ivec2 corner = ivec2(place * vec2(size) / float(factor)) * factor;
    vec4 sum = vec4(0.0);
    for (int j = 0; j < factor; j++)
        for (int i = 0; i < factor; i++)
            sum += texelFetch(image, corner + ivec2(i, j), 0);
    sum /= float(factor * factor);
    colour = vec4(sum.rgb / max(sum.a, 1e-5), sum.a);
}
"""

KINDS = ("SKIN", "EYE", "MOUTH", "CARD", "CLOTH")
"""Kinds of surface that have their own program."""


def colour_program(kind: str) -> tuple[str, str]:
    """Vertex and fragment source of the lit program for one of `KINDS`."""
    head = f"#version 330\n#define {kind}\n"
    return head + _LIGHT + _VERTEX, head + _LIGHT + _FRAGMENT


def flat_program() -> tuple[str, str]:
    """Vertex and fragment source that draw one number where a surface is at least `cut` opaque: part labels, hair depth."""
    head = "#version 330\n#define FLAT\n"
    return head + _VERTEX.replace("uniform vec3 tint;\n", ""), head + _FLAT_FRAGMENT
