import { graphVersions, operations, type Route } from '@device-install-state/model/operations'

const templates = new Map(
  operations.flatMap(({ name, template }) =>
    graphVersions.map((version) => [`${version} ${name}`, `/${version}${template}`]),
  ),
)

/** The path of a route with names in the place of its ids: what may be told where ids may not. */
export const routeTemplate = ({ operation, version }: Route): string => templates.get(`${version} ${operation}`) ?? ''
