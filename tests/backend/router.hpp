// Which handler answers which request. Routes can be listed, so that documents can be compared with
// them.
#pragma once

#include <vector>

#include "tests/backend/message.hpp"

namespace bulkhead::reference {

using Handler = std::function<Answer(const Call&)>;

struct Route {
    std::string method;
    std::string path;  // "/v1/jobs/{id}/result": a segment in braces matches any one segment
    Handler handler;
};

class Router {
  public:
    void add(std::string method, std::string path, Handler handler);
    /// Fills `call.captured`. An unknown path is 404, a known one with another method 405.
    Answer serve(Call& call) const;
    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
};

}  // namespace bulkhead::reference
