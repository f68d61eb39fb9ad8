// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lists that are so short that they are searched from one end to the other.
#pragma once

#include <algorithm>
#include <functional>
#include <ranges>
#include <utility>

namespace zinit {

/// Whether an element, or what `key` gives of it, equals `value`.
template <std::ranges::input_range List, class T, class Key = std::identity>
[[nodiscard]] constexpr bool contains(const List& list, const T& value, Key key = {}) {
  return std::ranges::find(list, value, key) != std::ranges::end(list);
}

/// Adds `value` unless it is there. Returns whether it was added.
template <class List, class T>
bool add_once(List& list, T&& value) {
  if (contains(list, value)) return false;
  list.push_back(std::forward<T>(value));
  return true;
}

}  // namespace zinit
