// Router: finds the handler for a request. It lists its routes, so that tests can compare documents
// with them.
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
    /// Fills `call.captured` and calls the handler. Answers 404 to an unknown path, and 405 to a
    /// known one with another method.
    Answer serve(Call& call) const;
    [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  private:
    std::vector<Route> routes_;
};

}  // namespace bulkhead::reference
