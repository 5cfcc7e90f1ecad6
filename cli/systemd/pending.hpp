// Lines of units that hold several words: variables, and names of variables. A word whose
// specifiers are in no file is kept as such, since a later line may take its place.
#pragma once
#include <string>
#include <vector>

#include "cli/systemd/specifiers.hpp"
#include "cli/systemd/text.hpp"

namespace bulkhead::cli::systemd {

struct Pending {
    Variable variable;
    std::string trouble;  // why the text is not known; else ""
};

// Puts the words NAME=value of a line into `into`, in the place of earlier ones; an empty line
// empties it. What systemd passes over becomes a note.
void take_variables(const Assignment& line, const Specifiers& specifiers,
                    std::vector<Pending>& into, std::vector<std::string>& notes);

// Appends the words of a line, each as the name of a variable; an empty line empties `into`.
void take_names(const Assignment& line, const Specifiers& specifiers, Escapes escapes,
                std::vector<Pending>& into, std::vector<std::string>& notes);

// Whether systemd passes over a word with this outcome of its specifiers; then there is a note.
bool passes_over(const Assignment& line, const Result<std::string>& whole,
                 std::vector<std::string>& notes);

}  // namespace bulkhead::cli::systemd
