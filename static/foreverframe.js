/* Foreverframe's client: made of client/*.js, documented in docs/client.md. */
!function(q){var D,s,i,c,J,a,l,u,f,d,p,m,v,h,_,G,g;function y(e,n,t){e.addEventListener?e.addEventListener(n,t,!1
):e.attachEvent&&e.attachEvent("on"+n,t)}function b(e,n){for(var t=0;t<e.length;t++)n(e[t])}function w(e,n){for(
var t=0;e[t];)t++;return e[t]=n,t}function T(e){try{return q.JSON?q.JSON.parse(e):new Function("return "+e)()}catch(n){
return null}}function S(){return"hidden"!==D.visibilityState}function V(e){return e.protocol+"//"+e.host.replace(
/:(80|443)$/,"")}function z(){return q.XMLHttpRequest?new q.XMLHttpRequest:new q.ActiveXObject("Microsoft.XMLHTTP")}
function L(e,n,t,r){var o=z(),c=w(i,o);return o.open(e,n,!0),o.onreadystatechange=function(){4===o.readyState&&(i[c
]=null),r&&2<o.readyState&&r(o)},o.send(t),o}function K(e,n){try{L("POST",e,n)}catch(o){n=e,t=D.createElement("div"),
r="foreverframe"+String(Math.random()).substring(2),t.style.display="none",
t.innerHTML='<iframe name="'+r+'"></iframe><form method="post" target="'+r+'"></form>',D.body.appendChild(t),
t.lastChild.action=n,t.lastChild.submit(),setTimeout(function(){D.body.removeChild(t)},c)}var t,r}function t(e){
return e.replace(/[^.]*$/,"")}function Q(e,n){return null!==e&&null!==n&&t(e)===t(n)&&e<=n}function M(e){
return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function E(){for(var e=l.pop();e;
)e.parentNode.removeChild(e),e=l.pop()}function O(){try{return q.localStorage||null}catch(e){return null}}function Y(e,n
){var t=O(),r=d[e];try{r=r||t&&t.getItem(f+e)}catch(o){}return 0<(t=r?r-(new Date).getTime():0)&&t<=n?t:0}function Z(e,n
){var t=O();d[e]=n&&(new Date).getTime()+n;try{n?t.setItem(f+e,String(d[e])):t.removeItem(f+e)}catch(r){}}function ee(e,
o){var n,c=String(Math.random()),t=!1,r=0,i=v-1,s=function(t,n){var r,o;function e(e){e.key===t&&e.newValue&&n(T(
e.newValue))}try{if(q.BroadcastChannel)return(r=new q.BroadcastChannel(t)).onmessage=function(e){n(e.data)},{
say:function(e){r.postMessage(e)},close:function(){r.close()}};if((o=q.localStorage).setItem(t,""),q.addEventListener
)return q.addEventListener("storage",e,!1),{say:function(e){try{o.setItem(t,q.JSON.stringify(e))}catch(n){}},
close:function(){q.removeEventListener("storage",e,!1)}}}catch(c){}return null}(e,function(e){s&&e.from!==c&&(
"hello"===e.kind?t&&a("beat"):"bye"===e.kind?i=v:t&&!function(e){return e.visible===S()?e.from<c:e.visible}(e)?a("beat"
):(t&&(t=!1,o.release()),i=S()&&!e.visible?v:0,o.follow(e)))});function a(e,n,t){var r={from:c,kind:e,visible:S(),
event:n,before:t};o.describe(r),s.say(r)}return s?(n=setInterval(function(){r++,t?r%m==0&&a("beat"):++i>(S()?v:h)&&(t=!0
,a("beat"),o.hold())},p),a("hello"),{isHolding:function(){return t},tell:function(e,n){t&&a("event",e,n)},
leave:function(){clearInterval(n),t&&a("bye"),s.close(),s=null}}):null}function ne(e,n){return 0<e?Number(e):n}
q.foreverframe||(D=q.document,s=q.location,i=[],c=1e4,a=[],l=[],(J={}).frame=function(e){var n,t=e.origin!==V(s),
r=t?D:function(){try{return u||((u=new q.ActiveXObject("htmlfile")).open(),u.write("<html><body></body></html>"),
u.close(),u.parentWindow.foreverframe=g),u.body?u:D}catch(e){return D}}(),o=r.createElement("iframe"),c=w(a,e),
i="push"+(c||"");g[i]=function(e){clearInterval(n),a[c]&&a[c].receive(e)},e.stop=function(){clearInterval(n),a[c]=null,
l[l.length]=o,setTimeout(E,0)},t?e.isSource=function(e){return e===o.contentWindow}:e.sign=function(){var e=o;try{
return q.addEventListener?e.contentWindow.document.documentElement.innerHTML.length:NaN}catch(n){return NaN}},
!t&&r===D&&q.addEventListener&&(n=setInterval(function(){!function(e){try{return!e.contentWindow.document}catch(n){
return 1}}(o)||e.end()},250)),y(o,"load",function(){e.end(function(e){var n;try{
return n=e.contentWindow.document.getElementsByTagName("script"),T(/\{"type":"error".*\}/.exec(n[n.length-1].text)[0])
}catch(t){return null}}(o))}),o.style.display="none",o.src=e.url(t?"&origin="+encodeURIComponent(V(s)
):"&callback=parent.foreverframe."+i),r.body.appendChild(o)},y(q,"message",function(n){b(a,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(T(n.data))})}),J.poll=function(t){var r,o=null;
function c(e){var n="&wait="+e+(o?"&stream="+encodeURIComponent(o):"");t.limit(1e3*e),r=L("GET",t.url(n),null,function(e
){var n;4===e.readyState&&(e=T(e.responseText),(n=e&&e.messages)&&e.gaps?(e.stream!==o&&(o=e.stream,t.receive({
type:"open",stream:o,cursor:n.length?null:e.cursor,close:"streams/"+o+"/close"})),b(e.gaps,t.receive),b(n,t.receive),
t.receive({type:"cursor",cursor:e.cursor}),e.reason?t.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):t.isOnce&&!n.length?t.end():t.isLive()&&c(t.isOnce?0:25)):t.end(M(e)))})}t.isUnwatched=!0,
t.stop=function(){r.abort()},c(0)},J.ndjson=function(r){var o=0,e=L("GET",r.url(""),null,function(e){
var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop().length,r.signs=n.length,b(t,function(e){r.receive(
T(e))}),4===e.readyState?r.end(M(T(n))):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})});
r.stop=function(){e.abort()}},J.sse=function(n){var t=new q.EventSource(n.url(""));b(["message","ff-open","ff-cursor",
"ff-gap","ff-close"],function(e){t.addEventListener(e,function(e){n.receive(T(e.data))})}),t.onerror=function(){n.end()}
,n.isUnwatched=!0,n.stop=function(){t.close()}},f="foreverframe.path ",d={},p=250,v=8,h=10,m=4,_=!(J.ws=function(n){
var e=new q.WebSocket(n.url("").replace(/^http/,"ws"));e.onmessage=function(e){n.receive(T(e.data))},e.onclose=function(
){n.end()},n.stop=function(){e.close()}}),G=[],g={open:function(o){n=(o.url||"")+"stream",t=D.createElement("div"),(
e=D.createElement("a")).href=n,q.addEventListener||(t.innerHTML='<a href="'+n.replace(/&/g,"&amp;").replace(/"/g,
"&quot;")+'"></a>',e=t.firstChild);var e,i,n,t=e,s=t.href,a=V(t),l=!o.transport||"auto"===o.transport,r=ne(o.retryMs,5e3
),u=ne(o.silentMs,4e4)/4,f=ne(o.frameAgainMs,6e5),d=null,p=null,m=0,v=0,h=null,g=f/16,c=null,y=0,b=!1,w={},T={
state:"connecting",cursor:null,stream:null,transport:null,close:function(){x()||"closing"===T.state||(!d||d.isOnce?k(
"client"):(I(p),K(h,""),E(2e3,function(){k("client")}),M("closing",{})))},ack:function(){d&&h&&null!==T.cursor&&K(
h.replace(/close$/,"ack"),'{"cursor":"'+T.cursor+'"}')}},S={begin:$,hide:function(){h&&(!function(e){var n;try{
q.navigator.sendBeacon&&q.navigator.sendBeacon(e,"")||((n=z()).open("POST",e,!1),n.send(""))}catch(t){}}(h),h=null);b=!0
,B()},show:function(){b&&(b=!1,"closing"===T.state?k("client"):$())}};function L(e,n,t){if(o[e])try{o[e](n,t)}catch(r){
setTimeout(function(){throw r},0)}}function M(e,n){L("onstate",T.state=e,w=n)}function E(e,n){clearTimeout(i),
i=setTimeout(n,e)}function x(){return"closed"===T.state||"refused"===T.state}function O(e,n,t){B(),function(e){var n;
for(n=0;n<G.length;n++)if(G[n]===e)return G.splice(n,1)}(S),M(e,n),L(t,n)}function k(e){O("closed",{type:"close",
reason:e,reconnect:!1,retryMs:0,cursor:T.cursor},"onclose")}function B(){clearTimeout(i),I(p),I(d),c&&(c.leave(),c=null)
}function I(e){e&&(clearTimeout(e.timer),e===p&&(p=null),e===d&&(d=null,T.stream=null),e.stop&&(e.stop(),e.stop=null),
e.isOnce)&&e.closeUrl&&K(e.closeUrl,"")}function C(e){e&&e===d&&h&&(K(h,""),h=null),I(e)}function U(t,e,n){var c={
transport:t,origin:a,isOnce:n,signs:0,looks:0,silentLooks:0,url:function(e){return s+(
n="?transport="+t+"&channels="+encodeURIComponent(String(o.channels)),null!==T.cursor?n+="&after="+encodeURIComponent(
T.cursor):o.after?n+="&after="+encodeURIComponent(o.after):o.last&&(n+="&last="+encodeURIComponent(o.last)),o.client&&(
n+="&client="+encodeURIComponent(o.client)),n)+e;var n},isLive:function(){return c===d||c===p},receive:function(e){var n
,t,r;c.signs++,e&&c.isLive()&&(r=c,"open"===(e=e).type?(t=e,(n=r)!==d&&C(d),p=null,m=0,(d=n).closeUrl=s.replace(
/stream$/,"")+t.close,h=n.isOnce?null:n.closeUrl,T.stream=n.isOnce?null:t.stream,
T.transport=n.isOnce?"shared":n.transport,P(t.cursor),clearTimeout(n.timer),clearTimeout(i),
n.isUnwatched?l&&!n.isOnce&&(Y(a,f)||Z(a,g),F()):function o(e){var n=e.sign?e.sign():e.signs;e.looks++;
e.silentLooks=n===e.lastSign?e.silentLooks+1:0;e.lastSign=n;16<e.looks&&(v=0,g=f/16);e.silentLooks<4?e.timer=setTimeout(
function(){o(e)},u):(v++,H(e,null,"silent"))}(n),"frame"===n.transport&&Z(a,0),M("open",t),L("onopen",t)
):"error"===e.type?H(r,e):r===d&&X(e))},end:function(e){c.isLive()&&H(c,e,c===d?"cut":"failed")},limit:function(e){
clearTimeout(c.timer),c.timer=setTimeout(function(){H(c,null,"silent")},e+u)}};I(p),(p=c).limit(0);try{J[t](c)}catch(r){
setTimeout(function(){c.end({type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+t+'" ('+r.message+'): take "auto" instead',reconnect:!1})},0)}d||M("connecting",{
transport:t,reason:e||null})}function N(){l?Y(a,f)?U("poll","remembered"):U("frame"):U(o.transport)}function R(e,n){
var t=e;0<e||(t=Math.min(r*Math.pow(2,m),Math.max(r,3e4)),t=Math.round(t*(.75+Math.random()/2))),m++,E(t,N),M("lost",{
retryMs:t,reason:n})}function H(e,n,t){var r=e===d,o=l&&"frame"===e.transport;("silent"===t?C:I)(e),
e.isOnce?y=r?0:5:"closing"===T.state?k("client"):d?(Z(a,g),F()):n?(e=n).reconnect?(R(0,e.code),L("onerror",e)):(W(e),O(
"refused",e,"onerror")):o&&(!r||1<v)?(v=0,U("poll",t)):(r||Z(a,0),R(0,t))}function F(){E(Y(a,f),function(){g=Math.min(
2*g,f),U("frame","again")})}function P(e){return null!==e&&!Q(e,T.cursor)&&(T.cursor=e,1)}function W(e,n){c&&c.tell(e,n)
}function X(e){var n=T.cursor;"message"===e.type?P(e.id)&&(W(e,n),L("onmessage",e)):"cursor"===e.type?P(e.cursor)&&W(e,n
):"gap"===e.type?(W(e,n),L("ongap",e)):"close"===e.type&&(e=e,n=d,h=null,"closing"===T.state?k(
e.reconnect?"client":e.reason):e.reconnect?"recycle"===e.reason?(d=null,U(n.transport,"recycle"),I(n)):(I(n),R(e.retryMs
,e.reason)):(W(e,T.cursor),O("closed",e,"onclose")))}function $(){(c=o.share?ee(["foreverframe",s,o.channels,o.client
].join(" "),{describe:function(e){e.state=T.state,e.detail=w,e.cursor=T.cursor},hold:N,release:j,follow:A}):c)||N()}
function j(){clearTimeout(i),I(p),C(d),T.transport="shared"}function A(e){var n=e.event;
!n||"close"!==n.type&&"error"!==n.type?(n&&Q(e.before,T.cursor)&&X(n),"beat"===e.kind&&0<y&&y--,x()||p||d||0<y||(
"open"!==e.state||Q(e.cursor,T.cursor)?e.state!==T.state&&/^(connecting|open|lost)$/.test(e.state)&&M(e.state,e.detail
):U("poll","shared",!0))):O("close"===n.type?"closed":"refused",n,"close"===n.type?"onclose":"onerror")}if(l||J[
o.transport])return n=S,G[G.length]=n,_&&n.begin(),T;throw new Error(
'foreverframe: there is no transport "'+o.transport+'"')}},"complete"===D.readyState?_=!0:y(q,"load",function(){
setTimeout(function(){_=!0,b(G.slice(0),function(e){e.begin()})},50)}),y(q,"onpagehide"in q?"pagehide":"unload",
function(){b(G.slice(0),function(e){e.hide()}),E()}),y(q,"pageshow",function(e){e.persisted&&b(G.slice(0),function(e){
e.show()})}),q.foreverframe=g)}(window);
