// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Pictures in SVG: see svg.hpp.
#include "client/svg.hpp"

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : printable(text)) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      default: safe += c;
    }
  }
  return safe;
}

}  // namespace

Svg::Svg(int width, int height, std::string_view style)
    : text_(fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
                        "viewBox=\"0 0 {0} {1}\">\n<style>\ntext {{ font: 12px sans-serif; }}\n"
                        "{2}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
                        width, height, style)) {}

void Svg::box(std::string_view css_class, double x, double y, double width, double height,
              std::string_view hint) {
  text_ += fmt::format(
      "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">", css_class,
      x, y, width, height);
  if (!hint.empty()) text_.append("<title>").append(escaped(hint)).append("</title>");
  text_ += "</rect>\n";
}

void Svg::text(std::string_view css_class, double x, double y, std::string_view text) {
  text_ += fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", css_class, x, y,
                       escaped(text));
}

void Svg::arrow() {
  text_ +=
      "<marker id=\"arrow\" markerUnits=\"userSpaceOnUse\" markerWidth=\"8\" markerHeight=\"8\" "
      "viewBox=\"-8 -4 8 8\" orient=\"auto-start-reverse\">"
      "<path d=\"M-8 -4L0 0L-8 4z\" style=\"fill: #555\"/></marker>\n";
}

void Svg::path(std::string_view css_class, std::string_view path) {
  text_ += fmt::format("<path class=\"{}\" d=\"{}\"/>\n", css_class, path);
}

double Svg::box_key(std::string_view css_class, double x, double y, std::string_view meaning) {
  box(css_class, x, y - 6, 14, 12);
  text("", x + 20, y + 4, meaning);
  return x + 20 + width_of(meaning) + 16;
}

double Svg::path_key(std::string_view css_class, double x, double y, std::string_view path,
                     std::string_view meaning) {
  this->path(css_class, fmt::format("M{:.0f} {:.0f}{}", x, y, path));
  text("", x + 36, y + 4, meaning);
  return x + 36 + width_of(meaning) + 16;
}

double Svg::width_of(std::string_view text) {
  // Of DejaVu Sans in bold with 12 pixels, which is wider than most other fonts without serifs.
  const auto among = [](std::string_view set, char c) { return set.find(c) != set.npos; };
  const auto glyph = [&among](char c) {
    if ((c & 0xc0) == 0x80) return 0.0;  // more of a character of UTF-8
    if ((c & 0x80) != 0 || among("MWm@%", c)) return 13.3;
    if (among("ijlI.,:;'|! ", c)) return 4.9;
    if (among("frt-()[]", c)) return 6.0;
    return c == 'w' || (c >= 'A' && c <= 'Z') ? 11.1 : 8.7;
  };
  double width = 0;
  for (const char c : printable(text)) width += glyph(c);
  return width;
}

std::string Svg::take() { return std::move(text_.append("</svg>\n")); }

}  // namespace zinit
