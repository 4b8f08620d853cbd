"""GLSL sources of the head renderer (OpenGL 3.3)."""

VERTEX = """
#version 330
uniform mat4 clip;
uniform float bias;
in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in float in_shade;
in float in_fade;
out vec3 position;
out vec3 normal;
out vec2 uv;
out float shade;
out float fade;
void main() {
    position = in_position;
    normal = in_normal;
    uv = in_uv;
    shade = in_shade;
    fade = in_fade;
    gl_Position = clip * vec4(in_position, 1.0);
    gl_Position.z -= bias * gl_Position.w;
}
"""

FRAGMENT = """
#version 330
uniform sampler2D image;
uniform int kind;          // 0 skin, 1 eye, 2 tooth, 3 tongue, 4 card, 5 cloth
uniform vec3 tint;
uniform vec3 camera;
uniform vec3 sky, ground, key, key_direction, fill, fill_direction;
uniform float cut;         // fragments with less alpha are dropped
in vec3 position;
in vec3 normal;
in vec2 uv;
in float shade;
in float fade;
out vec4 colour;

vec3 lit(vec3 n, vec3 direction, vec3 power, vec3 wrap) {
    return power * clamp((dot(n, direction) + wrap) / (1.0 + wrap), 0.0, 1.0);
}
float gloss(vec3 n, vec3 view, vec3 direction, float sharp) {
    vec3 h = normalize(view + direction);
    return pow(max(dot(n, h), 0.0), sharp) * smoothstep(-0.05, 0.25, dot(n, direction));
}
void main() {
    vec4 texel = texture(image, uv);
    float alpha = clamp(texel.a, 0.0, 1.0) * clamp(fade, 0.0, 1.0);
    if (kind == 1 && texel.a < 0.5) discard;
    if (kind != 4 && kind != 5 && kind != 0) alpha = clamp(fade, 0.0, 1.0);
    if (alpha < cut) discard;
    vec3 albedo = pow(texel.rgb, vec3(2.2)) * tint;
    vec3 view = normalize(camera - position);
    vec3 n = normalize(normal);
    if ((kind == 4 || kind == 5) && dot(n, view) < 0.0) n = -n;
    float up = 0.5 + 0.5 * n.y;
    vec3 wrap = kind == 0 ? vec3(0.42, 0.24, 0.18) : kind == 4 ? vec3(0.5) : vec3(0.25);
    vec3 light = mix(ground, sky, up) + lit(n, key_direction, key, wrap) + lit(n, fill_direction, fill, wrap);
    vec3 result = albedo * light;
    float rim = pow(1.0 - max(dot(n, view), 0.0), 4.0);
    if (kind == 0) {
        float wet = shade < 0.99 ? 1.6 : 1.0;
        float s = 0.055 * gloss(n, view, key_direction, 18.0) + 0.05 * gloss(n, view, key_direction, 60.0)
                + 0.03 * gloss(n, view, fill_direction, 14.0);
        result += wet * s * (key + fill) + 0.035 * rim * sky;
    } else if (kind == 1) {
        float lid = 1.0 - 0.42 * smoothstep(0.05, 0.55, n.y) - 0.25 * smoothstep(0.35, 0.85, abs(n.x));
        result = albedo * (0.55 * light + 0.22) * lid;
        float dark = 1.0 - smoothstep(0.0, 0.35, dot(texel.rgb, vec3(0.33)));
        result += (0.9 * gloss(n, view, key_direction, 420.0) + 0.12 * gloss(n, view, key_direction, 40.0) * (0.3 + dark)
                 + 0.3 * gloss(n, view, fill_direction, 300.0)) * lid;
    } else if (kind == 2) {
        result = mix(vec3(dot(result, vec3(0.3, 0.59, 0.11))), result, 0.8) * 1.05;
        result += 0.10 * gloss(n, view, key_direction, 60.0);
    } else if (kind == 3) {
        result += 0.10 * gloss(n, view, key_direction, 30.0);
    } else if (kind == 4) {
        vec3 strand = normalize(vec3(0.0, -1.0, 0.12) + n * n.y + vec3(1e-4));
        vec3 h = normalize(view + key_direction);
        float along = dot(strand, h);
        float shine = pow(max(1.0 - along * along, 0.0), 24.0) * max(dot(n, key_direction) + 0.2, 0.0);
        result += (albedo * 0.9 + 0.018) * shine * key * tint;
    } else if (kind == 5) {
        float weave = 0.96 + 0.04 * sin(uv.x * 420.0) * sin(uv.y * 420.0);
        result *= weave;
    }
    result *= shade;
    colour = vec4(pow(clamp(result, 0.0, 1.0), vec3(1.0 / 2.2)) * alpha, alpha);
}
"""

LABEL_FRAGMENT = """
#version 330
uniform sampler2D image;
uniform int kind;
uniform float cut;
uniform float label;
in vec2 uv;
in float fade;
in float shade;
in vec3 position;
in vec3 normal;
out vec4 colour;
void main() {
    float alpha = texture(image, uv).a;
    if (kind == 1 && alpha < 0.5) discard;
    if (kind == 4 && alpha < cut) discard;
    if (clamp(fade, 0.0, 1.0) < 0.5) discard;
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
    vec4 near = sum;
    if (sum.a < 0.02) {
        for (int j = -3; j <= 3; j++)
            for (int i = -3; i <= 3; i++)
                near += 0.001 * texelFetch(image, clamp(corner + ivec2(i, j) * factor, ivec2(0), size - 1), 0);
    }
    colour = vec4(near.a > 1e-5 ? near.rgb / near.a : vec3(0.0), sum.a);
}
"""
