// One sort for all that is put in order of time: std::stable_sort of large elements costs tens of
// kilobytes of code for each type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace zinit {

/// Where each of the elements is that have these times, the earliest first; those of one time stay
/// in their order.
[[nodiscard]] std::vector<std::size_t> order_of(const std::vector<std::int64_t>& times);

/// Puts `elements` in the order of `time(element)`, as order_of() says.
template <class T, class Time>
void sort_by_time(std::vector<T>& elements, Time time) {
  std::vector<std::int64_t> times;
  times.reserve(elements.size());
  for (const T& element : elements) times.push_back(time(element));
  std::vector<T> sorted;
  sorted.reserve(elements.size());
  for (const std::size_t index : order_of(times)) sorted.push_back(std::move(elements[index]));
  elements.swap(sorted);
}

}  // namespace zinit
