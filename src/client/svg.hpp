// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Pictures in SVG (Scalable Vector Graphics 1.1), drawn from lines, boxes and texts.
#pragma once

#include <string>
#include <string_view>

namespace zinit {

class Svg {
 public:
  /// @param style  CSS for the classes of the elements
  Svg(int width, int height, std::string_view style);

  /// A box with its corner at `x`, `y`. The mouse pointer on it shows `hint`.
  void box(std::string_view css_class, double x, double y, double width, double height,
           std::string_view hint = {});
  /// A line of text that begins at `x`, or ends there if its class says so. `y` is its base line.
  void text(std::string_view css_class, double x, double y, std::string_view text);
  /// Defines the head of an arrow, for `marker-end` or `marker-start: url(#arrow)` of a class. It
  /// has no dashes, even if its line has.
  void arrow();
  /// A line. `path` is a value of SVG's attribute `d`.
  void path(std::string_view css_class, std::string_view path);

  /// An entry of a legend with its text centred at `y`: a box of that class, or a line that `path`
  /// draws to the right. @return  where the next entry may begin
  double box_key(std::string_view css_class, double x, double y, std::string_view meaning);
  double path_key(std::string_view css_class, double x, double y, std::string_view path,
                  std::string_view meaning);

  /// The width of the text, unless its glyphs are unusually wide.
  [[nodiscard]] static double width_of(std::string_view text);

  /// The document, with a line end. Any file may choose a service's name, so names are escaped for
  /// XML and for a terminal.
  [[nodiscard]] std::string take();

 private:
  std::string text_;
};

}  // namespace zinit
