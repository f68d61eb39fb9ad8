// The heap of deadlines: see deadlines.hpp.
#include "supervisor/deadlines.hpp"

#include <algorithm>

namespace zinit {

void Deadlines::reserve(std::size_t slots) {
  heap_.reserve(slots);
  places_.resize(std::max(places_.size(), slots));
}

TimePoint Deadlines::of(Slot slot) const noexcept {
  const std::uint32_t place = places_[slot];
  return place == 0 ? kNever : heap_[place - 1].at;
}

TimePoint Deadlines::first() const noexcept { return heap_.empty() ? kNever : heap_.front().at; }

Slot Deadlines::first_slot() const noexcept { return heap_.empty() ? kNoSlot : heap_.front().slot; }

void Deadlines::set(Slot slot, TimePoint at) noexcept {
  if (places_[slot] != 0) {
    // What stands last takes the place that becomes free.
    const std::size_t place = places_[slot] - 1;
    const Entry last = heap_.back();
    heap_.pop_back();
    places_[slot] = 0;
    if (last.slot != slot) {
      const bool earlier = place > 0 && last.at < heap_[(place - 1) / 2].at;
      earlier ? rise(place, last) : sink(place, last);
    }
  }
  if (at == kNever) return;
  heap_.push_back({at, slot});
  rise(heap_.size() - 1, {at, slot});
}

void Deadlines::put(std::size_t place, const Entry& entry) noexcept {
  heap_[place] = entry;
  places_[entry.slot] = static_cast<std::uint32_t>(place + 1);
}

void Deadlines::rise(std::size_t place, const Entry& entry) noexcept {
  while (place > 0 && entry.at < heap_[(place - 1) / 2].at) {
    put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  put(place, entry);
}

void Deadlines::sink(std::size_t place, const Entry& entry) noexcept {
  while (2 * place + 1 < heap_.size()) {
    std::size_t below = 2 * place + 1;
    if (below + 1 < heap_.size() && heap_[below + 1].at < heap_[below].at) ++below;
    if (heap_[below].at >= entry.at) break;
    put(place, heap_[below]);
    place = below;
  }
  put(place, entry);
}

}  // namespace zinit
